#include "model/attention/rotary.h"

#include <catch2/catch.hpp>

#include "model/layer_ops.h"

namespace ume {

// The reference turns a picture's rows in fp32 whatever it computes in
// (apply_rotary_pos_emb_vision), and a text's rows in the type of the model.
TEST_CASE("vision_rotary: bf16 rows are turned by fp32 angles") {
  torch::manual_seed(1);
  VisionConfig vision;
  vision.width = 64;
  vision.num_heads = 2;
  const std::vector<MediaGrid> grids{{1, 30, 40}};
  const RotaryTable exact = vision_rotary(grids, vision, torch::kFloat32);
  const RotaryTable table = vision_rotary(grids, vision, torch::kBFloat16);
  CHECK(torch::equal(table.cos, exact.cos));
  CHECK(torch::equal(table.sin, exact.sin));
  const auto rows = torch::randn({1200, 2, 32}).to(torch::kBFloat16);
  const auto turned = rotate_heads(rows, table);
  CHECK(turned.scalar_type() == torch::kBFloat16);
  // Rounded once.
  CHECK(torch::equal(
      turned,
      rotate_heads(rows.to(torch::kFloat32), exact).to(torch::kBFloat16)));
}

TEST_CASE("language_rotary: angles are of the model's type") {
  const auto positions = torch::arange(50).expand({3, 50});
  CHECK(language_rotary(positions, {}, torch::kBFloat16).cos.scalar_type() ==
        torch::kBFloat16);
}

}  // namespace ume
