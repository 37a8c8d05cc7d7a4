#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace ume {

// One line in the form that bench/run_all.py collects.
//   name: TOPIC.WHAT. note: what it was compared with, in the same run.
inline void print_figure(const std::string& name,
                         double value,
                         const std::string& unit,
                         const std::string& note = "") {
  std::printf("%-40s %12.4g %-10s %s\n", name.c_str(), value, unit.c_str(),
              note.c_str());
  std::fflush(stdout);
}

inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<long>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Comparison {
  double seconds;           // median of `work`
  double baseline_seconds;  // median of `baseline`
  double ratio;             // median over rounds of baseline / work
};

template <class Work>
double seconds_of(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const auto end = std::chrono::steady_clock::now();
  return std::chrono::duration<double>(end - start).count();
}

// Runs both in turn, so that a noisy machine disturbs both alike; one round
// before is not counted. rounds >= 1.
template <class Work, class Baseline>
Comparison compare(int rounds, Work&& work, Baseline&& baseline) {
  work();
  baseline();
  std::vector<double> ours, theirs, ratios;
  for (int round = 0; round < rounds; ++round) {
    ours.push_back(seconds_of(work));
    theirs.push_back(seconds_of(baseline));
    ratios.push_back(theirs.back() / ours.back());
  }
  return {median(ours), median(theirs), median(ratios)};
}

}  // namespace ume
