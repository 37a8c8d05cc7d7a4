// Prepares the pictures named by the arguments, PASSES times: reading,
// decoding, resizing, patches. bench/media.py measures it beside Pillow and
// NumPy.
//   ume_bench_media PASSES PICTURE…
// Prints the sum of all patch values, so that both sides can be seen to agree.

#include <cstdio>
#include <cstdlib>

#include "data/media/decode_image.h"
#include "data/media/media_file.h"
#include "data/media/patches.h"

int main(int argc, char** argv) {
  using namespace ume;
  if (argc < 3) {
    std::fprintf(stderr, "usage: ume_bench_media PASSES PICTURE...\n");
    return 2;
  }
  const PreprocessorConfig config;
  const DecodeOptions options;
  double sum = 0;
  for (int pass = 0; pass < std::atoi(argv[1]); ++pass) {
    for (int i = 2; i < argc; ++i) {
      const auto bytes =
          read_media_file(open_media_file(argv[i]), options.max_file_bytes);
      const RgbImage image = decode_image(bytes, argv[i], options);
      const MediaPatches patches =
          make_patches({&image, 1}, config, config.limits);
      for (const float value : patches.values) sum += value;
    }
  }
  std::printf("%.6e\n", sum);
  return 0;
}
