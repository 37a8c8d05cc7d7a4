#pragma once

#include <cstdint>

namespace ume {

struct PageRequest {
  int64_t page = 0;  // from 1; 0: the only one
  double dpi = 144;  // pixels an inch
  int64_t max_pixels = 64'000'000;
};

// Renders one page of the PDF on descriptor `fd` on white paper and writes it
// as the answer. Throws std::runtime_error for what cannot be rendered;
// messages do not name the file, which has no name here.
void send_document_page(int fd, const PageRequest& request);

}  // namespace ume
