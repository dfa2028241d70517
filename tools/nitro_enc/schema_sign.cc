#include "tools/nitro_enc/schema_sign.h"

#include <string>

#include "base/bytes.h"
#include "base/limits.h"
#include "crypto/ed25519.h"
#include "signed_schema/signed_schema.h"
#include "tools/nitro_enc/files.h"
#include "tools/nitro_enc/schema_file.h"

namespace nes::nitro_enc {
namespace {

using crypto::Ed25519PrivateKey;
using crypto::Ed25519PublicKey;
using signed_schema::Signature;

constexpr std::size_t kKeyFileBytes = 4096;
constexpr std::size_t kSignatureFileBytes = 4096;

Result<Ed25519PrivateKey> read_key(const std::string& path) {
  NES_TRY_ASSIGN(const secret::SecretBytes pem, read_secret_file(path, kKeyFileBytes));
  return Ed25519PrivateKey::from_pem(pem);
}

Result<std::string> public_key_text(const Ed25519PrivateKey& key) {
  NES_TRY_ASSIGN(const Ed25519PublicKey public_key, key.public_key());
  NES_TRY_ASSIGN(const Bytes der, public_key.to_der());
  return base::base64_encode(der);
}

// The name that requests use: --name, or the path below --base-dir, or the file's own name; without its
// extension. Nothing, and a line on `err`, if the enclave would not take it.
std::optional<std::string> name_of(const Arguments& arguments, std::string_view path, Context& context) {
  std::string_view name = without_extension(path);
  if (const auto given = arguments.value("name")) {
    name = *given;
  } else if (const auto base = arguments.value("base-dir")) {
    const std::string prefix = base->ends_with('/') ? std::string(*base) : std::string(*base) + "/";
    if (!name.starts_with(prefix)) {
      context.refuse(std::string(path) + ": not below --base-dir " + std::string(*base));
      return std::nullopt;
    }
    name.remove_prefix(prefix.size());
  } else {
    name = name.substr(name.rfind('/') + 1);
  }
  if (is_schema_name(name)) return std::string(name);
  context.refuse(std::string(path) + ": its name is no schema's: visible ASCII without #, at most 256 bytes");
  return std::nullopt;
}

// The signature that lies beside a schema; nothing if there is none.
Result<std::optional<Signature>> read_signature(const std::string& path) {
  const auto text = read_file(path, kSignatureFileBytes);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) return std::optional<Signature>();
  if (!text.ok()) return text.error();
  NES_TRY_ASSIGN(const Signature signature, signed_schema::parse(*text));
  return std::optional(signature);
}

class Signer {
 public:
  Signer(const Arguments& arguments, Context& context, const schema::CompileOptions& options,
         Ed25519PrivateKey key, Ed25519PublicKey public_key, std::optional<std::uint64_t> version) noexcept
      : arguments_(arguments),
        context_(context),
        options_(options),
        key_(std::move(key)),
        public_key_(std::move(public_key)),
        version_(version) {}

  // False, and a line on `err`, if it did not succeed.
  bool sign(std::string_view path) {
    const auto file = load_schema(std::string(path), options_, context_);
    if (!file) return false;
    const auto name = name_of(arguments_, path, context_);
    if (!name) return false;
    const std::string beside = file->path + ".sig";
    const auto existing = read_signature(beside);
    if (!existing.ok() && !version_) {
      context_.refuse(beside, existing.error());
      return false;
    }
    const std::optional<Signature> last = existing.ok() ? *existing : std::nullopt;
    if (last && !version_ && signed_schema::verify(public_key_, *last, *name, file->text).ok())
      return done(file->path, *name, last->version, "is signed already");
    const std::uint64_t version = version_ ? *version_ : last ? last->version + 1 : 1;
    const auto signature = signed_schema::sign(key_, *name, version, file->text);
    if (!signature.ok()) {
      context_.refuse(file->path, signature.error());
      return false;
    }
    const auto written = replace_file(beside, signed_schema::format(*signature));
    if (!written.ok()) {
      context_.refuse(beside, written.error());
      return false;
    }
    return done(file->path, *name, version, "signed");
  }

 private:
  bool done(std::string_view path, std::string_view name, std::uint64_t version, std::string_view what) {
    context_.out << path << ": " << what << " as " << name << ", version " << version << '\n';
    return true;
  }

  const Arguments& arguments_;
  Context& context_;
  const schema::CompileOptions options_;
  const Ed25519PrivateKey key_;
  const Ed25519PublicKey public_key_;
  const std::optional<std::uint64_t> version_;
};

// Of --version or --min-version; kUsage is reported by an empty optional.
std::optional<std::uint64_t> version_flag(std::string_view text, std::string_view flag, std::uint64_t min,
                                          Context& context) {
  const auto version = parse_count(text, signed_schema::kMaxVersion - 1);
  if (version && *version >= min) return version;
  context.misused("--" + std::string(flag) + " is no integer from " + std::to_string(min) + " to 2^53 - 1");
  return std::nullopt;
}

// The version.
Result<std::uint64_t> verify_file(const std::string& path, const std::string& name,
                                  const Ed25519PublicKey& key, std::uint64_t min_version) {
  NES_TRY_ASSIGN(const std::string text, read_file(path, limits::kSchemaBytes));
  NES_TRY_ASSIGN(const std::optional<Signature> signature, read_signature(path + ".sig"));
  if (!signature) return Error{ErrorCode::kNotFound, "there is no signature beside it"};
  NES_TRY(signed_schema::verify(key, *signature, name, text));
  if (signature->version < min_version)
    return Error{ErrorCode::kNotAllowed, "its version is below --min-version"};
  return signature->version;
}

}  // namespace

Status make_signing_key(const Arguments& arguments, Context& context) {
  const std::string path = arguments.text("out");
  const auto key = Ed25519PrivateKey::generate();
  if (!key.ok()) return context.refuse("keygen", key.error());
  const auto pem = key->to_pem();
  if (!pem.ok()) return context.refuse("keygen", pem.error());
  const auto text = public_key_text(*key);
  if (!text.ok()) return context.refuse("keygen", text.error());
  const auto written = create_secret_file(path, *pem);
  if (!written.ok()) return context.refuse(path, written.error());
  context.out << *text << '\n';
  return Status::kGood;
}

Status print_public_key(const Arguments& arguments, Context& context) {
  const std::string path = arguments.text("key");
  const auto key = read_key(path);
  if (!key.ok()) return context.refuse(path, key.error());
  const auto text = public_key_text(*key);
  if (!text.ok()) return context.refuse(path, text.error());
  context.out << *text << '\n';
  return Status::kGood;
}

Status sign_schemas(const Arguments& arguments, Context& context) {
  if (arguments.has("name") && (arguments.operands().size() > 1 || arguments.has("base-dir")))
    return context.misused("--name is for one file and without --base-dir");
  const auto options = compile_options(arguments, context);
  if (!options) return Status::kUsage;
  std::optional<std::uint64_t> version;
  if (const auto given = arguments.value("version")) {
    version = version_flag(*given, "version", 1, context);
    if (!version) return Status::kUsage;
  }
  const std::string path = arguments.text("key");
  auto key = read_key(path);
  if (!key.ok()) return context.refuse(path, key.error());
  auto public_key = key->public_key();
  if (!public_key.ok()) return context.refuse(path, public_key.error());
  Signer signer(arguments, context, *options, std::move(*key), std::move(*public_key), version);
  bool failed = false;
  for (const std::string_view file : arguments.operands()) failed = !signer.sign(file) || failed;
  return failed ? Status::kRefused : Status::kGood;
}

Status verify_schemas(const Arguments& arguments, Context& context) {
  if (arguments.has("name") && (arguments.operands().size() > 1 || arguments.has("base-dir")))
    return context.misused("--name is for one file and without --base-dir");
  const auto der = base::base64_decode(arguments.text("public-key"));
  if (!der) return context.misused("--public-key is not base64");
  const auto key = Ed25519PublicKey::from_der(*der);
  if (!key.ok()) return context.misused("--public-key: " + describe(key.error()));
  const auto min_version = version_flag(arguments.text("min-version", "0"), "min-version", 0, context);
  if (!min_version) return Status::kUsage;
  bool failed = false;
  for (const std::string_view path : arguments.operands()) {
    const auto name = name_of(arguments, path, context);
    failed = failed || !name;
    if (!name) continue;
    const auto version = verify_file(std::string(path), *name, *key, *min_version);
    if (version.ok())
      context.out << path << ": good as " << *name << ", version " << *version << '\n';
    else
      context.refuse(path, version.error());
    failed = failed || !version.ok();
  }
  return failed ? Status::kRefused : Status::kGood;
}

}  // namespace nes::nitro_enc
