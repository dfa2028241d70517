// Keys and schemas from local directories, behind the interfaces that AWS serves in production.
#pragma once

#include <string>

#include "enclave/service/schema_store.h"
#include "keyring/keyring.h"

namespace nes::dev {

// DEV_KEY_DIR: files `*.key` of 32 bytes each. `current.key` seals; the others open, the last by name first.
class DirectoryKeySource final : public keyring::KeySource {
 public:
  explicit DirectoryKeySource(std::string directory) : directory_(std::move(directory)) {}
  // kIo if the directory or a file cannot be read, kMalformed if there is no current.key.
  Result<keyring::FetchedKeys> fetch() override;

 private:
  const std::string directory_;
};

// DEV_SCHEMA_DIR: the files in it and below. Inode, size and time of change stand for the ETag.
class DirectorySchemaSource final : public service::SchemaSource {
 public:
  explicit DirectorySchemaSource(std::string directory) : directory_(std::move(directory)) {}
  Result<std::vector<service::SchemaObject>> list() override;
  Result<std::string> get(const service::SchemaObject& object, std::size_t max_bytes) override;

 private:
  const std::string directory_;
};

}  // namespace nes::dev
