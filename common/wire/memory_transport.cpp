#include "common/wire/memory_transport.h"

#include "common/queue/bounded_queue.h"
#include "common/wire/internal/exchange.h"

namespace ume {
namespace {

constexpr size_t kQueueCapacity = 1024;
constexpr double kResendSeconds = 2.0;

using FrameQueue = BoundedQueue<Frames>;

struct Parcel {
  Frames frames;
  std::shared_ptr<FrameQueue> replies;  // of the sender
};
using ParcelQueue = BoundedQueue<Parcel>;

class MemoryServer : public RequestServer {
 public:
  MemoryServer(std::shared_ptr<ParcelQueue> requests,
               const WireIdentity& identity)
      : requests_(std::move(requests)), identity_(identity) {}

  bool serve_one(const RequestHandler& handler,
                 double timeout_seconds) override {
    auto parcel = requests_->pop_for(timeout_seconds);
    if (!parcel) {
      return false;
    }
    Answer reply = answer(identity_, parcel->frames, handler);
    if (reply.frames) {
      // A client that lets its replies pile up loses them and asks again.
      parcel->replies->push_for(std::move(*reply.frames), 0.0);
    }
    return reply.handled;
  }

 private:
  const std::shared_ptr<ParcelQueue> requests_;
  const WireIdentity identity_;
};

class MemoryClient : public FrameClient {
 public:
  MemoryClient(std::shared_ptr<ParcelQueue> requests,
               const WireIdentity& identity)
      : FrameClient(identity, kResendSeconds), requests_(std::move(requests)) {}

 protected:
  bool reconnect() override { return false; }
  bool send(const Frames& frames, double timeout_seconds) override {
    return requests_->push_for({frames, replies_}, timeout_seconds) ==
           PushResult::kPushed;
  }
  std::optional<Frames> receive(double timeout_seconds) override {
    return replies_->pop_for(timeout_seconds);
  }
  std::string server_name() const override { return "the coordinator"; }

 private:
  const std::shared_ptr<ParcelQueue> requests_;
  const std::shared_ptr<FrameQueue> replies_ =
      std::make_shared<FrameQueue>(kQueueCapacity);
};

class Hub : public MemoryHub {
 public:
  std::unique_ptr<RequestServer> make_server(
      const WireIdentity& identity) override {
    return std::make_unique<MemoryServer>(requests_, identity);
  }
  std::unique_ptr<RequestClient> make_client(
      const WireIdentity& identity) override {
    return std::make_unique<MemoryClient>(requests_, identity);
  }

 private:
  const std::shared_ptr<ParcelQueue> requests_ =
      std::make_shared<ParcelQueue>(kQueueCapacity);
};

}  // namespace

std::unique_ptr<MemoryHub> make_memory_hub() {
  return std::make_unique<Hub>();
}

}  // namespace ume
