package example;

import com.google.gson.Gson;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** What the program needs beside its client: settings, structured logs, a pause before a reconnect, and an end on a signal. */
final class Service {
  private static final Gson GSON = new Gson();
  private static final List<String> LEVELS = List.of("debug", "info", "warning", "error");
  private static final int LEAST = LEVELS.indexOf(setting("LOG_LEVEL", "info"));
  private static final CountDownLatch STOPPING = new CountDownLatch(1);

  private Service() {}

  static String setting(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }

  /** The severities to follow; none means all. */
  static List<String> severities() {
    return Arrays.stream(setting("SEVERITIES", "P0,P1").split(",")).filter(name -> !name.isEmpty()).toList();
  }

  /** One line of JSON on stderr; stdout is for the events. */
  static void log(String level, String message, Map<String, ?> fields) {
    if (LEVELS.indexOf(level) < LEAST) {
      return;
    }
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("time", Instant.now().toString());
    line.put("level", level);
    line.put("message", message);
    line.putAll(fields);
    System.err.println(GSON.toJson(line));
  }

  /** Ends the program for an error that would come again. */
  static void fail(String message, Map<String, ?> fields) {
    log("error", message, fields);
    STOPPING.countDown();
    System.exit(1);
  }

  static boolean stopping() {
    return STOPPING.getCount() == 0;
  }

  /** At SIGINT and SIGTERM: calls stop, waits until the calling thread has ended, and exits with 0. */
  static void onSignal(Runnable stop) {
    Thread main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      if (stopping()) {
        return; // The program ends by itself.
      }
      log("info", "stopping", Map.of());
      STOPPING.countDown();
      stop.run();
      try {
        main.join(5_000);
      } catch (InterruptedException ignored) {
        Thread.currentThread().interrupt();
      }
      Runtime.getRuntime().halt(0); // Else the JVM ends with 128 + the signal's number, though all went well.
    }));
  }

  /**
   * Waits before the attempt of that number (from 0): anywhere between nothing and 0.25 s, 0.5 s, 1 s … 30 s, and ends early
   * when the program is to stop. Jitter spreads the clients of a hub that restarts: without it all would come back at the
   * same moments.
   */
  static void backoff(int attempt, long atLeastMillis) {
    long most = Math.min(30_000, 250L << Math.min(attempt, 10));
    long wait = atLeastMillis + ThreadLocalRandom.current().nextLong(most);
    log("info", "reconnecting", Map.of("attempt", attempt, "wait_ms", wait));
    try {
      STOPPING.await(wait, TimeUnit.MILLISECONDS);
    } catch (InterruptedException ignored) {
      Thread.currentThread().interrupt();
    }
  }
}
