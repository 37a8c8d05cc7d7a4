#include "common/metrics/registry.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <thread>

using namespace ume;

TEST_CASE("metrics: rendered in Prometheus' text format, names in order") {
  MetricRegistry registry;
  registry.gauge("ume_queue_groups", "Groups that wait.").set(3);
  registry
      .counter("ume_groups_total", "Groups finished.",
               {{"side", "query"}, {"role", "rollout"}})
      .add(2);
  registry
      .counter("ume_groups_total", "Groups finished.",
               {{"role", "rollout"}, {"side", "target"}})
      .add();
  CHECK(registry.render() ==
        "# HELP ume_groups_total Groups finished.\n"
        "# TYPE ume_groups_total counter\n"
        "ume_groups_total{role=\"rollout\",side=\"query\"} 2\n"
        "ume_groups_total{role=\"rollout\",side=\"target\"} 1\n"
        "# HELP ume_queue_groups Groups that wait.\n"
        "# TYPE ume_queue_groups gauge\n"
        "ume_queue_groups 3\n");
}

TEST_CASE("metrics: histograms count upwards and hold their bounds") {
  MetricRegistry registry;
  Histogram& histogram =
      registry.histogram("ume_step_seconds", "Of one step.", {0.5, 2});
  for (double value : {0.25, 0.5, 1.0, 7.0}) {
    histogram.observe(value);
  }
  CHECK(registry.render() ==
        "# HELP ume_step_seconds Of one step.\n"
        "# TYPE ume_step_seconds histogram\n"
        "ume_step_seconds_bucket{le=\"0.5\"} 2\n"
        "ume_step_seconds_bucket{le=\"2\"} 3\n"
        "ume_step_seconds_bucket{le=\"+Inf\"} 4\n"
        "ume_step_seconds_sum 8.75\n"
        "ume_step_seconds_count 4\n");
}

TEST_CASE("metrics: hostile labels and help are escaped, odd values named") {
  MetricRegistry registry;
  registry.gauge("ume_x", "a\\b\nc", {{"v", "q\"\\\n"}}).set(NAN);
  registry.gauge("ume_x", "", {{"v", "i"}}).set(-INFINITY);
  CHECK(registry.render() ==
        "# HELP ume_x a\\\\b\\nc\n"
        "# TYPE ume_x gauge\n"
        "ume_x{v=\"i\"} -Inf\n"
        "ume_x{v=\"q\\\"\\\\\\n\"} NaN\n");
}

TEST_CASE("metrics: the same name and labels are the same metric") {
  MetricRegistry registry;
  Counter& counter = registry.counter("ume_a_total", "A.");
  CHECK(&counter == &registry.counter("ume_a_total", "A."));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        registry.counter("ume_a_total", "A.").add();
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(counter.value() == 4000);
}
