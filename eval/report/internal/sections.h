#pragma once

#include <string>

#include "eval/report/internal/findings.h"
#include "eval/report/report_input.h"

// The page's parts, in order. Each is empty when its data is missing.
namespace ume::html {

// The outcome in one sentence, three numbers and one figure.
std::string headline(const ReportInput& input, const Findings& findings);
// Other seeds, the shuffled control and the clean reference.
std::string evidence(const ReportInput& input, const Findings& findings);
// One row per task and stage.
std::string tasks(const ReportInput& input, const Findings& findings);
// pass@k, and the share of careful reasoning.
std::string reasoning(const ReportInput& input, const Findings& findings);
std::string examples(const ReportInput& input);
// Curves of both training phases.
std::string training(const ReportInput& input);
std::string times(const ReportInput& input);
std::string notes(const ReportInput& input, const Findings& findings);

}  // namespace ume::html
