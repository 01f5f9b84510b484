#include "hub/service/hub_service.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <utility>

#include "core/event/error.h"
#include "hub/service/grpc_status.h"

namespace tocsin::hub {
namespace {

grpc::Status Serialize(const v1::PublishResponse& response, grpc::ByteBuffer& out) {
  bool own_buffer = false;
  return grpc::SerializationTraits<v1::PublishResponse>::Serialize(response, &out, &own_buffer);
}

absl::Status Parse(const grpc::ByteBuffer& bytes, v1::PublishRequest& request) {
  grpc::ByteBuffer shared = bytes;
  if (grpc::SerializationTraits<v1::PublishRequest>::Deserialize(&shared, &request).ok()) {
    return absl::OkStatus();
  }
  return MakeError(ErrorCode::kInvalidMessage,
                   "the request's bytes are no PublishRequest; texts must be valid UTF-8");
}

}  // namespace

grpc::ServerUnaryReactor* HubService::Publish(grpc::CallbackServerContext* context,
                                              const grpc::ByteBuffer* bytes,
                                              grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  v1::PublishRequest request;
  if (const absl::Status parsed = Parse(*bytes, request); !parsed.ok()) {
    reactor->Finish(ToGrpcStatus(parsed));
    return reactor;
  }
  publisher_.Publish(request, [reactor, response](absl::StatusOr<v1::PublishResponse> answer) {
    reactor->Finish(answer.ok() ? Serialize(*answer, *response) : ToGrpcStatus(answer.status()));
  });
  return reactor;
}

grpc::ServerBidiReactor<v1::PublishStreamRequest, v1::PublishStreamResponse>*
HubService::PublishStream(grpc::CallbackServerContext*) {
  return streams_.Open();
}

grpc::ServerUnaryReactor* HubService::GetStatus(grpc::CallbackServerContext* context,
                                                const v1::GetStatusRequest*,
                                                v1::GetStatusResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  fill_status_(*response);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace tocsin::hub
