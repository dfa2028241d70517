// ListObjectsV2: which keys are on a page, and how it is written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "devkit/aws_emulator/request.h"
#include "devkit/aws_emulator/s3_objects.h"

namespace nes::aws_emulator {

struct ListingRequest {
  std::string prefix{};
  std::string delimiter{};
  std::size_t max_keys = 1000;
  std::string start_after{};
  std::optional<std::string> continuation_token{};
  bool url_encoding = false;
};

// Why a request is refused: the `Answer`.
std::variant<ListingRequest, Answer> parse_listing_request(const Request& request);

struct ListingPage {
  std::vector<std::string> keys;             // in order
  std::vector<std::string> common_prefixes;  // in order
  std::optional<std::string> next_token{};   // there is more
};

// `keys` begin with the prefix and are in the order of their bytes. Nothing if the continuation token is none
// of ours.
std::optional<ListingPage> list_page(const std::vector<std::string>& keys, const ListingRequest& request);

Answer write_listing(std::string_view bucket, const ListingRequest& request, const ListingPage& page,
                     const std::vector<ObjectInfo>& infos);

}  // namespace nes::aws_emulator
