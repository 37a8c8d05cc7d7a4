#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ume {

// Operations that all ranks of a group call together, in the same order and
// with equal lengths. Sums are taken in rank order, so results are
// bit-identical on every rank, between runs and between implementations. Each
// call has a deadline; a rank that is lost or late makes the others throw
// DeadlineExceeded (or Unavailable), after which the group is of no more use.
// One thread of a rank at a time.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual int rank() const = 0;
  virtual int world_size() const = 0;

  // values: replaced by the element-wise sum over the ranks.
  virtual void all_reduce_sum(std::span<float> values) = 0;
  virtual void all_reduce_sum(std::span<double> values) = 0;
  // out: [world_size * local.size()], rank 0's first.
  virtual void all_gather(std::span<const float> local,
                          std::span<float> out) = 0;
  // bytes: replaced by those of rank `root`.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  virtual void barrier() = 0;
  // Whether all ranks passed the same digest; the same answer on all.
  virtual bool all_equal(uint64_t digest) = 0;
};

}  // namespace ume
