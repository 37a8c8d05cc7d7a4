#pragma once

#include "common/types/messages.h"
#include "common/wire/internal/arrays.h"
#include "common/wire/internal/field.h"
#include "common/wire/ume.pb.h"

// Whole requests and replies, to and from Protobuf; they throw as put and get
// of values do.
namespace ume {

void put_request(const Request& request,
                 v1::RequestBody* out,
                 ArrayWriter& arrays);
void put_reply(const Reply& reply, v1::ReplyBody* out, ArrayWriter& arrays);

Request get_request(const v1::RequestBody& in, ArrayReader& arrays);
Reply get_reply(const v1::ReplyBody& in, ArrayReader& arrays);

}  // namespace ume
