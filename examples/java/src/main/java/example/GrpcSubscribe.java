package example;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import tocsin.v1.EventHubGrpc;
import tocsin.v1.EventOuterClass.Event;
import tocsin.v1.EventOuterClass.Filter;
import tocsin.v1.Hub.OnGap;
import tocsin.v1.Hub.SubscribeRequest;
import tocsin.v1.Hub.SubscribeResponse;
import tocsin.v1.IncidentOuterClass.Severity;

/** Follows events over gRPC (grpc-java), and misses none over a restart of the hub. */
public final class GrpcSubscribe {
  /** Codes that the next attempt may well not meet. Any other would come again. */
  private static final Set<Status.Code> PASSING =
      Set.of(Status.Code.UNAVAILABLE, Status.Code.RESOURCE_EXHAUSTED, Status.Code.INTERNAL);
  private static final JsonFormat.Printer JSON =
      JsonFormat.printer().omittingInsignificantWhitespace().preservingProtoFieldNames();

  private final ManagedChannel channel;
  private final EventHubGrpc.EventHubBlockingStub hub;
  private final Filter filter;
  private final Context.CancellableContext context = Context.ROOT.withCancellation();
  private String cursor = Service.setting("RESUME_FROM", "latest"); // where to go on after a break
  private int attempt; // since the hub last answered
  private long slotMillis; // what the hub asked this client to wait

  private GrpcSubscribe(ManagedChannel channel, Filter filter) {
    this.channel = channel;
    this.filter = filter;
    Metadata metadata = new Metadata();
    if (System.getenv("AUTH_TOKEN") != null) {
      metadata.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + System.getenv("AUTH_TOKEN"));
    }
    hub = EventHubGrpc.newBlockingStub(channel).withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  /** Your own work with an event. */
  private static void handle(Event event) {
    try {
      System.out.println(JSON.print(event));
    } catch (InvalidProtocolBufferException impossible) { // only of messages with an Any
      throw new IllegalStateException(impossible);
    }
  }

  /** One stream, from its beginning to its end. */
  private void follow() {
    SubscribeRequest request =
        SubscribeRequest.newBuilder().setFilter(filter).setFrom(cursor).setOnGap(OnGap.ON_GAP_NOTIFY).build();
    hub.subscribe(request).forEachRemaining(this::take);
  }

  private void take(SubscribeResponse response) {
    if (response.hasGap()) {
      Service.log("warning", "events are missing", Map.of(
          "reason", response.getGap().getReason().name(), "from", response.getGap().getFrom(), "to", response.getGap().getTo()));
    }
    if (response.hasClosing()) {
      slotMillis = Durations.toMillis(response.getClosing().getReconnectAfter());
    }
    for (Event event : response.getEventsList()) {
      handle(event);
      // Only now: should handling fail, the event comes again after a restart instead of being lost.
      cursor = event.getCursor();
    }
    if (!response.getCursor().isEmpty()) { // the first response has one, and so has a heartbeat
      attempt = 0;
      cursor = response.getCursor();
    }
  }

  private void run() {
    while (!Service.stopping()) {
      try {
        context.run(this::follow);
      } catch (StatusRuntimeException error) {
        Map<String, String> fields =
            Map.of("code", error.getStatus().getCode().name(), "error", String.valueOf(error.getStatus().getDescription()));
        if (!Service.stopping() && !PASSING.contains(error.getStatus().getCode())) {
          Service.fail("refused", fields);
        }
        Service.log("warning", "connection failed", fields);
      }
      if (!Service.stopping()) {
        Service.backoff(attempt++, slotMillis);
        channel.resetConnectBackoff(); // the channel has a pause of its own, which would come on top
      }
      slotMillis = 0;
    }
    Service.log("info", "stopped", Map.of("cursor", cursor));
  }

  public static void main(String[] arguments) {
    // A connection that leaves a ping without answer is dead, though nobody closed it.
    ManagedChannel channel = ManagedChannelBuilder.forTarget(Service.setting("TOCSIN_HUB", "localhost:50051"))
        .usePlaintext().keepAliveTime(30, TimeUnit.SECONDS).build();
    Filter.Builder filter = Filter.newBuilder();
    Service.severities().forEach(name -> filter.addSeverities(Severity.valueOf("SEVERITY_" + name)));
    GrpcSubscribe follower = new GrpcSubscribe(channel, filter.build());
    Service.onSignal(() -> follower.context.cancel(null));
    follower.run();
    channel.shutdownNow();
  }
}
