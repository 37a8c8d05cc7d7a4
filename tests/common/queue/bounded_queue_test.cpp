#include "common/queue/bounded_queue.h"

#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

using namespace ume;

TEST_CASE("bounded queue: values leave in the order of their entry") {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  CHECK(queue.push(std::make_unique<int>(1)) == PushResult::kPushed);
  CHECK(queue.push(std::make_unique<int>(2)) == PushResult::kPushed);
  CHECK(queue.push_for(std::make_unique<int>(3), 0.0) == PushResult::kTimedOut);
  CHECK(**queue.pop() == 1);
  CHECK(**queue.pop() == 2);
  CHECK_FALSE(queue.pop_for(0.0));
}

TEST_CASE("bounded queue: after close nothing enters and the rest leaves") {
  BoundedQueue<int> queue(3);
  queue.push(1);
  queue.close();
  CHECK(queue.closed());
  CHECK(queue.push(2) == PushResult::kClosed);
  CHECK(queue.pop() == 1);
  CHECK_FALSE(queue.pop());
}

TEST_CASE("bounded queue: close wakes a waiting consumer and producer") {
  BoundedQueue<int> empty(1);
  BoundedQueue<int> full(1);
  full.push(1);
  std::optional<int> popped = 7;
  PushResult pushed = PushResult::kPushed;
  std::thread consumer([&] { popped = empty.pop(); });
  std::thread producer([&] { pushed = full.push(2); });
  empty.close();
  full.close();
  consumer.join();
  producer.join();
  CHECK_FALSE(popped);
  CHECK(pushed == PushResult::kClosed);
}

TEST_CASE("bounded queue: many threads lose and repeat nothing") {
  BoundedQueue<int> queue(4);
  std::vector<std::thread> producers;
  for (int p = 0; p < 3; ++p) {
    producers.emplace_back([&queue, p] {
      for (int i = 0; i < 200; ++i) {
        queue.push(p * 200 + i);
      }
    });
  }
  std::vector<int> seen(600, 0);
  std::thread consumer([&] {
    while (auto value = queue.pop()) {
      ++seen[static_cast<size_t>(*value)];
    }
  });
  for (auto& producer : producers) {
    producer.join();
  }
  queue.close();
  consumer.join();
  CHECK(seen == std::vector<int>(600, 1));
}
