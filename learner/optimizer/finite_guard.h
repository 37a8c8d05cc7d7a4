#pragma once

#include <cstdint>

namespace ume {

// Counts steps whose loss or gradient was not finite. All ranks must be asked
// with the same answer (it is made of all-reduced numbers).
class FiniteGuard {
 public:
  // max_in_row: so many skipped steps in a row end the run.
  explicit FiniteGuard(int64_t max_in_row) : max_in_row_(max_in_row) {}

  // True: take the step. False: skip it; it is counted. Throws InvalidInput
  // (exit code 65) at the max_in_row-th skip in a row, naming step and numbers.
  bool admit(int64_t step, double loss, double gradient_norm);

  int64_t num_skipped() const { return num_skipped_; }
  int64_t num_in_row() const { return num_in_row_; }
  void restore(int64_t num_skipped, int64_t num_in_row);

 private:
  int64_t max_in_row_;
  int64_t num_skipped_ = 0;
  int64_t num_in_row_ = 0;
};

}  // namespace ume
