#include "common/json/json_instances.h"

namespace nlohmann {

template class basic_json<>;
template class basic_json<ordered_map>;
template class detail::serializer<json>;
template class detail::serializer<ordered_json>;
template class detail::json_sax_dom_parser<json>;
template class detail::json_sax_dom_callback_parser<json>;
template class detail::lexer<json, ume::JsonStringInput>;
template class detail::parser<json, ume::JsonStringInput>;
template class detail::lexer<json, ume::JsonTextInput>;
template class detail::parser<json, ume::JsonTextInput>;
template class detail::lexer<json, ume::JsonStreamInput>;
template class detail::parser<json, ume::JsonStreamInput>;

}  // namespace nlohmann
