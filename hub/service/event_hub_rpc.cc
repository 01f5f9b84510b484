#include "hub/service/event_hub_rpc.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/impl/rpc_service_method.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/strings.h"

namespace tocsin::hub {

RawService::RawService(std::string full_name) : full_name_(std::move(full_name)) {
  const google::protobuf::ServiceDescriptor* const service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(full_name_);
  TOCSIN_CHECK(service != nullptr);
  for (int i = 0; i < service->method_count(); ++i) {
    const std::string& name = service->method(i)->name();
    methods_[name] = i;
    const std::string& path = paths_.emplace_back(absl::StrCat("/", full_name_, "/", name));
    AddMethod(new grpc::internal::RpcServiceMethod(
        path.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING, /*handler=*/nullptr));
    MarkMethodRaw(i);
  }
}

void RawService::Request(std::string_view method, grpc::ServerContext& context, RpcStream& stream,
                         grpc::ServerCompletionQueue& queue, void* tag) {
  const auto found = methods_.find(ToAbsl(method));
  TOCSIN_CHECK(found != methods_.end());
  RequestAsyncBidiStreaming(found->second, &context, &stream, &queue, &queue, tag);
}

}  // namespace tocsin::hub
