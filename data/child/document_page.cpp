#include "data/child/document_page.h"

#include <poppler-document.h>
#include <poppler-global.h>
#include <poppler-page-renderer.h>
#include <poppler-page.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/child/reply_writer.h"

namespace ume {
namespace {

constexpr double kPointsPerInch = 72.0;
constexpr uint32_t kWhite = 0xffffffff;

void ignore_message(const std::string&, void*) {}

std::vector<char> read_input(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw std::runtime_error("cannot be read");
  std::vector<char> bytes(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pread(fd, bytes.data() + done, bytes.size() - done, done);
    if (count <= 0) throw std::runtime_error("cannot be read");
    done += static_cast<size_t>(count);
  }
  return bytes;
}

std::unique_ptr<poppler::page> open_page(const poppler::document& document,
                                         int64_t wanted) {
  const int pages = document.pages();
  if (pages < 1) throw std::runtime_error("the document has no pages");
  if (wanted == 0 && pages > 1) {
    throw std::runtime_error("the document has " + std::to_string(pages) +
                             " pages; say which one: FILE.pdf#page=1");
  }
  if (wanted > pages) {
    throw std::runtime_error("there is no page " + std::to_string(wanted) +
                             "; the document has " + std::to_string(pages));
  }
  const int number = wanted == 0 ? 0 : static_cast<int>(wanted) - 1;
  std::unique_ptr<poppler::page> page(document.create_page(number));
  if (!page) throw std::runtime_error("the page is damaged");
  return page;
}

// Refused before anything is drawn.
void check_size(const poppler::page& page, const PageRequest& request) {
  const poppler::rectf box = page.page_rect();
  const double width = std::ceil(box.width() * request.dpi / kPointsPerInch);
  const double height = std::ceil(box.height() * request.dpi / kPointsPerInch);
  const bool has_area = std::isfinite(width) && std::isfinite(height) &&
                        width >= 1 && height >= 1;
  if (!has_area || width * height > static_cast<double>(request.max_pixels)) {
    throw std::runtime_error("page of " + std::to_string(width) + "x" +
                             std::to_string(height) + " pixels at " +
                             std::to_string(request.dpi) +
                             " dpi; expected at least 1x1 and at most " +
                             std::to_string(request.max_pixels) + " pixels");
  }
}

std::vector<uint8_t> packed_rows(const poppler::image& image) {
  const auto row_bytes = static_cast<size_t>(image.width()) * 3;
  std::vector<uint8_t> rgb;
  rgb.reserve(row_bytes * image.height());
  for (int y = 0; y < image.height(); ++y) {
    const char* row = image.const_data() + y * image.bytes_per_row();
    rgb.insert(rgb.end(), row, row + row_bytes);
  }
  return rgb;
}

}  // namespace

void send_document_page(int fd, const PageRequest& request) {
  poppler::set_debug_error_function(ignore_message, nullptr);
  const std::vector<char> bytes = read_input(fd);
  const std::unique_ptr<poppler::document> document(
      poppler::document::load_from_raw_data(bytes.data(),
                                            static_cast<int>(bytes.size())));
  if (!document) throw std::runtime_error("not a PDF document, or damaged");
  if (document->is_locked()) {
    throw std::runtime_error("the document asks for a password");
  }
  const auto page = open_page(*document, request.page);
  check_size(*page, request);
  poppler::page_renderer renderer;
  renderer.set_paper_color(kWhite);
  renderer.set_image_format(poppler::image::format_rgb24);
  renderer.set_render_hint(poppler::page_renderer::antialiasing);
  renderer.set_render_hint(poppler::page_renderer::text_antialiasing);
  const poppler::image image =
      renderer.render_page(page.get(), request.dpi, request.dpi);
  if (!image.is_valid()) throw std::runtime_error("the page is damaged");
  write_frame_reply({image.height(), image.width()}, packed_rows(image));
}

}  // namespace ume
