// What KMS's operations have in common when they answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devkit/aws_emulator/api.h"
#include "devkit/aws_emulator/json_object.h"
#include "devkit/aws_emulator/kms/parameters.h"
#include "devkit/aws_emulator/kms/state.h"

namespace nes::aws_emulator {

Answer succeed(const JsonObject& object);
Answer succeed_empty();  // 200 without a body, as operations without output have it
Answer validation_error(std::string_view message);
Answer not_found(std::string_view message);

// KMSInvalidStateException while the deletion is pending, else DisabledException; nothing if the key is
// enabled.
std::optional<Answer> refuse_unusable(const StoredKey& key, std::string_view key_arn);
// The first of the two alone: for what a disabled key still takes.
std::optional<Answer> refuse_pending(const StoredKey& key, std::string_view key_arn);

// Puts a page of `items` into `out` under `name`, with Truncated and NextMarker. What is wrong with Limit or
// Marker.
std::optional<Answer> add_page(const KmsParameters& parameters, std::string_view name,
                               const std::vector<std::string>& items, JsonObject& out);

}  // namespace nes::aws_emulator
