#include "data/media/preprocessor_config.h"
#include "model/config/model_config.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {

void model_config(Bytes input) {
  accepts([&] {
    const ModelConfig config = parse_model_config(as_text(input), "input");
    const std::string written = model_config_json(config);
    const ModelConfig again = parse_model_config(written, "written");
    UME_CHECK(model_config_json(again) == written,
              "a written config reads differently");
  });
}

void preprocessor_config(Bytes input) {
  accepts([&] {
    const PreprocessorConfig config =
        parse_preprocessor_config(as_text(input), "input");
    UME_CHECK(config.factor() > 0 && config.patch_dim() > 0,
              "a patch without pixels");
    accepts([&] { smart_resize({37, 401}, config.factor(), config.limits); });
  });
}

}  // namespace ume::fuzz
