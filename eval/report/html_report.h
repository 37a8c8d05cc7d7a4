#pragma once

#include <string>

#include "eval/report/report_input.h"

namespace ume {

// The report as one HTML page: no scripts, no requests, pictures and charts
// inside; light and dark; readable on a phone and by a screen reader. The same
// input gives the same bytes. Text from models and data is shown as text,
// whatever it holds.
// Throws InvalidInput when there is no evaluation to show.
std::string html_report(const ReportInput& input,
                        const BootstrapOptions& options);

}  // namespace ume
