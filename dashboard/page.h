#pragma once

#include <string_view>

namespace ume {

// The live page: files of dashboard/page/, built in. No other assets are
// loaded, so it works without a network.
std::string_view page_html();
std::string_view page_script();
std::string_view page_style();

}  // namespace ume
