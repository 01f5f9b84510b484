#include "hub/service/hub_service.h"

#include <utility>

#include "hub/service/grpc_status.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {
grpc::ServerUnaryReactor* HubService::Publish(grpc::CallbackServerContext* context,
                                              const grpc::ByteBuffer* bytes,
                                              grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  v1::PublishRequest request;
  if (const absl::Status parsed = ParseRaw(*bytes, request); !parsed.ok()) {
    reactor->Finish(ToGrpcStatus(parsed));
    return reactor;
  }
  publisher_.Publish(request, [reactor, response](absl::StatusOr<v1::PublishResponse> answer) {
    reactor->Finish(answer.ok() ? SerializeRaw(*answer, *response) : ToGrpcStatus(answer.status()));
  });
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* HubService::PublishStream(
    grpc::CallbackServerContext*) {
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
