#pragma once

#include <string>

namespace ume {

// A run's status (JSON of docs/formats/status.md) as Prometheus text, format
// 0.0.4. Empty for what is no status.
std::string prometheus_text(const std::string& status_json);

}  // namespace ume
