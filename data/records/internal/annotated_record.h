#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "common/types/record.h"

namespace ume {

// One record of the published SFT format. Throws InvalidInput that begins with
// `where`.
AnnotatedPair parse_annotated_record(const nlohmann::json& record,
                                     const std::string& where,
                                     const std::string& media_root);

}  // namespace ume
