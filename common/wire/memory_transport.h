#pragma once

#include <memory>

#include "common/wire/transport.h"

namespace ume {

// Server and clients of one process. The hub may be dropped before them.
class MemoryHub {
 public:
  virtual ~MemoryHub() = default;
  virtual std::unique_ptr<RequestServer> make_server(
      const WireIdentity& identity) = 0;
  virtual std::unique_ptr<RequestClient> make_client(
      const WireIdentity& identity) = 0;
};

std::unique_ptr<MemoryHub> make_memory_hub();

}  // namespace ume
