#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace ume {

enum class PushResult { kPushed, kClosed, kTimedOut };

// The one way that values move between threads: first in, first out, at most
// `capacity` waiting, closable. After close() nothing more enters; what is
// inside can still be popped. All members may be called from any thread.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // Waits for room. On kClosed the value is dropped.
  PushResult push(T value) {
    std::unique_lock lock(mu_);
    room_.wait(lock, [&] { return closed_ || items_.size() < capacity_; });
    return push_locked(std::move(value));
  }

  // Waits for room at most `timeout_seconds`.
  PushResult push_for(T value, double timeout_seconds) {
    std::unique_lock lock(mu_);
    if (!room_.wait_for(lock, duration(timeout_seconds),
                        [&] { return closed_ || items_.size() < capacity_; })) {
      return PushResult::kTimedOut;
    }
    return push_locked(std::move(value));
  }

  // Waits for a value; nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mu_);
    items_changed_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return pop_locked();
  }

  // Waits at most `timeout_seconds`; nothing then, or once closed and empty.
  std::optional<T> pop_for(double timeout_seconds) {
    std::unique_lock lock(mu_);
    items_changed_.wait_for(lock, duration(timeout_seconds),
                            [&] { return closed_ || !items_.empty(); });
    return pop_locked();
  }

  void close() {
    std::lock_guard lock(mu_);
    closed_ = true;
    room_.notify_all();
    items_changed_.notify_all();
  }

  bool closed() const {
    std::lock_guard lock(mu_);
    return closed_;
  }
  size_t size() const {
    std::lock_guard lock(mu_);
    return items_.size();
  }

 private:
  static std::chrono::duration<double> duration(double seconds) {
    return std::chrono::duration<double>(seconds);
  }
  PushResult push_locked(T value) {
    if (closed_) {
      return PushResult::kClosed;
    }
    items_.push_back(std::move(value));
    items_changed_.notify_one();
    return PushResult::kPushed;
  }
  std::optional<T> pop_locked() {
    if (items_.empty()) {
      return std::nullopt;
    }
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    room_.notify_one();
    return value;
  }

  const size_t capacity_;
  mutable std::mutex mu_;
  // Guarded by mu_:
  std::deque<T> items_;
  bool closed_ = false;
  std::condition_variable room_;
  std::condition_variable items_changed_;
};

}  // namespace ume
