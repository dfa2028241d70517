// nitro-enc eif: the flags of its commands.
#include "tools/nitro_enc/commands.h"
#include "tools/nitro_enc/eif_actions.h"

namespace nes::nitro_enc {
namespace {

constexpr std::string_view kBuildDetails =
    "The image is one of --rootfs, --oci-layout, --docker-archive and --docker-uri. ENTRYPOINT and CMD are "
    "joined as\n"
    "Docker does it; USER and WORKDIR are heeded by enclave-init and not by AWS's init. No Docker daemon is "
    "asked:\n"
    "docker save or skopeo copy give what is read here.\n"
    "\n"
    "--blobs is a folder of what boots: bzImage or kernel, cmdline, init, and nsm.ko if the kernel needs it. "
    "Without it,\n"
    "NITRO_CLI_BLOBS or /usr/share/nitro_enclaves/blobs.\n"
    "\n"
    "The same input gives the same file. SOURCE_DATE_EPOCH is the BuildTime of its metadata, 1970 if it is "
    "not set.\n"
    "Only a signature differs from one time to the next.\n"
    "\n"
    "Of a directory, everything is root's, directories are 0755 (1777 if sticky), files 0755 if they are "
    "executable, else\n"
    "0644. Of layers, owners and modes are kept. Extended attributes, file capabilities among them, are in "
    "no image.";

const Flag kKey{"private-key", "FILE", Occurs::kOptional, "sign with this PEM key (P-256, P-384 or P-521)"};
const Flag kCertificate{"signing-certificate", "FILE", Occurs::kOptional,
                        "the key's certificate in PEM; PCR8 is its measurement"};

Flag required(Flag flag) {
  flag.occurs = Occurs::kRequired;
  return flag;
}

Command build_command() {
  return {
      "eif",
      "build",
      "build an enclave image without Docker, the same bytes each time; prints its PCRs",
      kBuildDetails,
      {{{"output-file", "FILE", Occurs::kRequired, "the image to write; an older one is replaced"},
        {"rootfs", "DIR", Occurs::kOptional,
         "a directory with the files; --cmd or --config says what to run"},
        {"oci-layout", "DIR[:TAG]", Occurs::kOptional, "an OCI image layout"},
        {"docker-archive", "FILE", Occurs::kOptional, "what docker save writes"},
        {"docker-uri", "URI", Occurs::kOptional, "oci:DIR[:TAG] or docker-archive:FILE"},
        {"blobs", "DIR", Occurs::kOptional, "what boots: AWS's blobs, or ours"},
        {"kernel", "FILE", Occurs::kOptional, "the kernel, rather than that of --blobs"},
        {"cmdline", "FILE", Occurs::kOptional, "the kernel's command line, likewise"},
        {"init", "FILE", Occurs::kOptional, "PID 1, likewise"},
        {"nsm-module", "FILE", Occurs::kOptional, "the NSM's driver, likewise"},
        {"cmd", "ARGUMENT", Occurs::kRepeated, "of --rootfs: the program, then its arguments, one each"},
        {"env", "NAME=VALUE", Occurs::kRepeated, "of --rootfs: a variable"},
        {"user", "USER[:GROUP]", Occurs::kOptional,
         "of --rootfs: whom to run as; names are those of its etc/passwd"},
        {"workdir", "PATH", Occurs::kOptional, "of --rootfs: where to run"},
        {"config", "FILE", Occurs::kOptional, "of --rootfs: an OCI image configuration that says all four"},
        {"name", "TEXT", Occurs::kOptional, "ImageName of the metadata"},
        {"version", "TEXT", Occurs::kOptional, "ImageVersion of the metadata"},
        {"metadata", "FILE", Occurs::kOptional, "CustomMetadata: a JSON object"},
        {.name = "gzip", .help = "compress the ramdisks; the same bytes from the same release of zlib"},
        kKey,
        kCertificate}},
      build_eif};
}

Command verify_command() {
  return {"eif",
          "verify",
          "check an enclave image's structure, checksum and signature, and recompute its PCRs",
          "A signature shows that the image is the key holder's. Whose key it is, --pcr8 tells.",
          {{{"pcr0", "HEX", Occurs::kOptional, "refuse an image with another PCR0"},
            {"pcr1", "HEX", Occurs::kOptional, "with another PCR1"},
            {"pcr2", "HEX", Occurs::kOptional, "with another PCR2"},
            {"pcr8", "HEX", Occurs::kOptional, "with another PCR8, or without a signature"},
            {"signed", "", Occurs::kOptional, "without a signature"},
            {"measurements", "FILE", Occurs::kOptional,
             "refuse an image whose PCR0, PCR1 or PCR2 is not that of build-enclave's output"}},
           "FILE",
           1,
           1},
          verify_eif};
}

}  // namespace

std::vector<Command> eif_commands() {
  return {
      build_command(),
      {"eif",
       "describe",
       "print what an enclave image is, its PCRs and its metadata, as JSON",
       "Nothing measures the metadata: it says what its writer wrote.",
       {{}, "FILE", 1, 1},
       describe_eif},
      verify_command(),
      {"eif",
       "sign",
       "sign an enclave image with a local key, which gives it a PCR8",
       "The other PCRs stay. The key must be the certificate's, and its file its owner's alone.",
       {{required(kKey),
         required(kCertificate),
         {"output-file", "FILE", Occurs::kOptional, "write this file, and leave the other as it is"},
         {"replace", "", Occurs::kOptional, "put the signature in the place of another"}},
        "FILE",
        1,
        1},
       sign_eif},
      {"eif",
       "diff",
       "say what two enclave images differ in, down to the files of their ramdisks",
       "Exit status 0 if they are the same, 1 if not.",
       {{{"measured", "", Occurs::kOptional, "heed only what PCR0 covers: neither metadata nor signature"},
         {"json", "", Occurs::kOptional, "print JSON"}},
        "FILE",
        2,
        2},
       diff_eif},
      {"eif",
       "extract",
       "write the sections of an enclave image into a new directory, as they are",
       "kernel, cmdline, metadata.json, ramdisk-0.cpio, ramdisk-1.cpio and so on (.gz if it is), "
       "signature.cbor.",
       {{}, "FILE DIR", 2, 2},
       extract_eif}};
}

}  // namespace nes::nitro_enc
