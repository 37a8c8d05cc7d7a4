#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/files/output_stream.h"
#include "launch/records/record_options.h"
#include "launch/records/tensor_columns.h"

namespace ume {

// Where results go: JSON lines on stdout or in a file, or tensors in a file.
class RecordOutput {
 public:
  // columns: of the tensors. Throws the usage error for an output of another
  // kind, IoError if it cannot be written.
  RecordOutput(const RecordOptions& options,
               const std::vector<ColumnType>& columns) {
    if (wants_tensors(options)) {
      tensors_.emplace(options.output, columns);
    } else {
      lines_.emplace(options.output);
    }
  }

  // Null where lines are wanted.
  TensorColumns* tensors() { return tensors_ ? &*tensors_ : nullptr; }
  // Lines that are whole; they leave at once. Throws IoError.
  void write(std::string_view lines) {
    lines_->write(lines);
    lines_->flush();
  }
  // A file appears now. Throws IoError.
  void finish() {
    if (lines_) lines_->finish();
    if (tensors_) tensors_->finish();
  }

 private:
  std::optional<OutputStream> lines_;
  std::optional<TensorColumns> tensors_;
};

}  // namespace ume
