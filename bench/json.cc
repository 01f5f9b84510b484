// The JSON of an event: straight from its bytes, by protobuf's own printer, and read back; and the
// record of one from its bytes, with and without making the message. Run: build/release/bench_json
#include <benchmark/benchmark.h>
#include <google/protobuf/util/json_util.h>

#include <string>

#include "core/base/check.h"
#include "core/event/client_message.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/stored_record.h"
#include "core/event/time_proto.h"
#include "core/event/validate.h"
#include "core/event/wire.h"

namespace {

using namespace tocsin;

// About 512 bytes on the wire, as an incident of a chatty monitor is.
v1::Event IncidentEvent() {
  v1::Event event;
  event.set_id("0190b6a5-7c1e-7000-8000-0000000000ee");
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  event.set_actor("llm-sentinel");
  v1::Incident& incident = *event.mutable_incident();
  incident.set_id("0190b6a5-7c1e-7000-8000-000000000001");
  SetTimestamp(*incident.mutable_created_at(), absl::FromUnixMicros(1'767'323'045'678'901));
  *incident.mutable_updated_at() = incident.created_at();
  incident.set_state(v1::INCIDENT_STATE_DETECTED);
  incident.set_severity(v1::SEVERITY_P0);
  incident.set_incident_type(v1::INCIDENT_TYPE_AVAILABILITY);
  incident.set_source("llm-sentinel");
  incident.set_title("API gateway down in eu-west-1");
  incident.set_description(std::string(150, 'x') + "\nsee \"runbook\"");
  incident.add_affected_resources("api-gateway");
  incident.add_affected_resources("checkout");
  (*incident.mutable_labels())["env"] = "production";
  (*incident.mutable_labels())["team"] = "edge";
  (*incident.mutable_labels())["region"] = "eu-west-1";
  TOCSIN_CHECK(NormalizeEvent(event, "event").ok());
  event.set_sequence(1'234'567);
  event.set_epoch(0x3f9a1c07b2d4);
  event.set_cursor("3f9a1c07b2d4-12d687");
  *event.mutable_time() = incident.created_at();
  event.set_priority(PriorityOf(event));
  return event;
}

void ReportSize(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(bytes));
  state.counters["proto_bytes"] = static_cast<double>(IncidentEvent().ByteSizeLong());
  state.counters["json_bytes"] = static_cast<double>(bytes);
}

void BM_WriteFromBytes(benchmark::State& state) {
  const std::string field = EncodeEventField(IncidentEvent());
  const std::string_view bytes = UnwrapEventField(field).value();
  std::string out;
  for (auto _ : state) {
    out.clear();
    TOCSIN_CHECK(AppendJsonEventBody(out, bytes).ok());
    benchmark::DoNotOptimize(out.data());
  }
  ReportSize(state, out.size());
}
BENCHMARK(BM_WriteFromBytes);

// What a writer that takes messages pays before it writes anything.
void BM_ParseAndFree(benchmark::State& state) {
  const std::string bytes = IncidentEvent().SerializeAsString();
  for (auto _ : state) {
    v1::Event event;
    benchmark::DoNotOptimize(event.ParseFromString(bytes));
  }
  ReportSize(state, bytes.size());
}
BENCHMARK(BM_ParseAndFree);

void BM_WriteByProtobuf(benchmark::State& state) {
  const v1::Event event = IncidentEvent();
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(google::protobuf::util::MessageToJsonString(event, &out).ok());
  }
  ReportSize(state, out.size());
}
BENCHMARK(BM_WriteByProtobuf);

void BM_ReadEvent(benchmark::State& state) {
  std::string text;
  AppendJsonEvent(text, IncidentEvent());
  for (auto _ : state) {
    benchmark::DoNotOptimize(ReadJsonEvent(text).ok());
  }
  ReportSize(state, text.size());
}
BENCHMARK(BM_ReadEvent);

void BM_ReadSubscribe(benchmark::State& state) {
  const std::string text =
      R"({"type":"subscribe","subscription_id":"a","filters":{"severities":["P0","P1"],)"
      R"("labels":{"env":"production"}},"resume_from":"3f9a1c07b2d4-12d687"})";
  for (auto _ : state) {
    benchmark::DoNotOptimize(ReadClientMessage(text).ok());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(BM_ReadSubscribe);

void BM_Normalize(benchmark::State& state) {
  v1::Event event = IncidentEvent();
  for (auto _ : state) {
    benchmark::DoNotOptimize(NormalizeEvent(event, "events[0]").ok());
  }
}
BENCHMARK(BM_Normalize);

void BM_RecordByMessage(benchmark::State& state) {
  const std::string bytes = EncodeEventField(IncidentEvent());
  for (auto _ : state) {
    benchmark::DoNotOptimize(MakeWireRecord(bytes).ok());
  }
}
BENCHMARK(BM_RecordByMessage);

void BM_RecordFromBytes(benchmark::State& state) {
  const std::string bytes = EncodeEventField(IncidentEvent());
  const RecordFacts facts = state.range(0) != 0 ? RecordFacts::kWith : RecordFacts::kWithout;
  for (auto _ : state) {
    benchmark::DoNotOptimize(MakeStoredRecord(bytes, facts).ok());
  }
}
BENCHMARK(BM_RecordFromBytes)->ArgName("facts")->Arg(1)->Arg(0);

}  // namespace

BENCHMARK_MAIN();
