// The bounds that the program puts on what it reads, holds or repeats. Sizes are bytes, times milliseconds
// unless the name says otherwise. A bound that users may set has its default and its range in CONTRACTS
// section 1 and lives in enclave/config.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nes::limits {

// --- json (RFC 8259) ---
inline constexpr std::size_t kJsonDepth = 128;  // nested arrays and objects in a document
inline constexpr std::size_t kJsonDocumentBytes = std::size_t{1} << 30;  // positions are 32 bits wide

// --- schema ---
inline constexpr std::size_t kSchemaBytes = std::size_t{8} << 20;  // one OpenAPI file
inline constexpr std::size_t kSchemaDepth = 200;                   // nesting of the file
inline constexpr std::size_t kSchemaNodes = 2'000'000;             // values in the file, aliases expanded
inline constexpr std::size_t kSchemaAliases = 10'000;              // YAML aliases in one file
inline constexpr std::size_t kSchemaRoots = 20'000;
inline constexpr std::size_t kPlanStates = 200'000;         // automaton states of one file, all roots
inline constexpr std::size_t kPlanTransitions = 4'000'000;  // named keys over all states
inline constexpr std::size_t kPlanSteps =
    50'000'000;                                      // schema places and edges looked at to compile one file
inline constexpr std::size_t kPatternsPerState = 8;  // overlapping patternProperties of one place
inline constexpr std::size_t kPlanPatterns = 1'000;  // distinct patternProperties of one file
inline constexpr std::size_t kPatternBytes = 1'000;  // one regular expression
inline constexpr std::int64_t kPatternMemoryBytes = 1 << 20;  // RE2's budget for one expression
inline constexpr std::size_t kCoveragePairs = 1'000'000;      // states of two versions that are compared
inline constexpr std::size_t kCoveragePatterns = 12;          // of one place, in both
inline constexpr std::size_t kPrefixItems = 1'000;
inline constexpr std::size_t kContextBytes = 64;
inline constexpr std::size_t kPreviousContexts = 16;

inline constexpr std::size_t kSchemaNameBytes = 256;
inline constexpr std::size_t kSchemaSignatureBytes = 1'000;  // one `.sig` object

// --- token ---
inline constexpr std::size_t kLoadedKeys = 64;
inline constexpr std::size_t kTokenScratchBytes =
    std::size_t{64} * 1024;  // kept by a TokenCipher from call to call

// --- http ---
inline constexpr std::size_t kHttpHeadBytes =
    std::size_t{16} * 1024;                      // request line and header fields together
inline constexpr std::size_t kHttpHeaders = 64;  // header fields of one request
inline constexpr std::size_t kHttpTargetBytes = std::size_t{4} * 1024;
inline constexpr std::size_t kHttpChunkLineBytes = 256;  // chunk size with its extensions
inline constexpr std::size_t kHttpTrailerBytes = std::size_t{4} * 1024;
inline constexpr std::size_t kHttpTrailers = 16;

// --- http/2 (RFC 9113) ---
inline constexpr std::uint32_t kHttp2Streams = 128;  // of one connection at a time
inline constexpr std::int32_t kHttp2StreamWindowBytes = 256 * 1024;
inline constexpr std::int32_t kHttp2ConnectionWindowBytes = 1024 * 1024;
inline constexpr std::size_t kHttp2WriteBytes = std::size_t{32} * 1024;  // frames that leave in one write
inline constexpr std::size_t kHttp2QueuedAcks = 64;                      // of PING and SETTINGS
inline constexpr std::size_t kHttp2GivenUpStreams = 256;                 // remembered after a reset of ours
inline constexpr std::uint32_t kHttp2Budget = 2'000;                     // http/http2_budget.h
inline constexpr std::uint32_t kHttp2BudgetPerSecond = 200;
inline constexpr std::uint32_t kHttp2BudgetPerAnswer = 4;
inline constexpr std::size_t kHttp2HeaderListBytes = 4 * kHttpHeadBytes;  // more ends the connection
inline constexpr int kHttp2RequestsPerRound = 32;  // of one connection, before others have their turn
inline constexpr std::size_t kHttp2BytesPerRound = std::size_t{1} << 20;  // of their bodies and answers
inline constexpr int kHttp2ReadsPerRound = 4;
inline constexpr int kHttp2WritesPerRound = 16;
// A refused request is answered after a body up to this size: clients that see a stream reset while they send
// often lose the answer. What comes meanwhile is dropped.
inline constexpr std::size_t kHttp2RefusedBodyBytes = std::size_t{64} * 1024;

// --- server ---
inline constexpr std::int64_t kHandshakeTimeoutMs = 10'000;
inline constexpr std::int64_t kHeaderTimeoutMs = 10'000;    // first byte to end of the head
inline constexpr std::int64_t kBodyTimeoutMs = 30'000;      // without progress
inline constexpr std::int64_t kIdleTimeoutMs = 75'000;      // keep-alive, between requests
inline constexpr std::int64_t kWriteTimeoutMs = 30'000;     // without progress
inline constexpr std::int64_t kRateCheckMs = 10'000;        // of a body or an answer, once these are over
inline constexpr std::size_t kMinBytesPerCheck = 10'000;    // that must have moved since the last check
inline constexpr std::int64_t kLingerTimeoutMs = 2'000;     // after the last byte of a closing answer
inline constexpr std::int64_t kDrainIdleTimeoutMs = 1'000;  // the same, once the server drains
inline constexpr std::int64_t kDrainTimeoutMs = 15'000;     // SIGTERM until connections are cut
inline constexpr std::size_t kLimitedClients = 10'000;  // whose deterministic seals are counted one by one
inline constexpr std::int64_t kAcceptPauseMs = 100;     // after accept() failed for want of resources
inline constexpr int kListenBacklog = 4096;
inline constexpr int kAcceptsPerRound = 8;  // so that one loop does not take all
inline constexpr int kReadsPerRound = 64;   // of one connection, before others have their turn
inline constexpr std::size_t kReadBufferBytes = std::size_t{16} * 1024;  // one TLS record
inline constexpr std::size_t kResponseHeadBytes = 1024;
inline constexpr std::size_t kSmallAnswerBytes = std::size_t{16} * 1024;  // made whatever else is held
inline constexpr std::size_t kKeptBufferBytes = std::size_t{256} * 1024;  // of a thread's, after a large one

// --- batches (NDJSON) ---
inline constexpr std::size_t kBatchSliceBytes =
    std::size_t{64} * 1024;  // of lines that are worked on at once
inline constexpr std::size_t kBatchReservedBytes =
    std::size_t{256} * 1024;  // counted as held from first to last
inline constexpr std::size_t kBatchSliceReservedBytes =
    kBatchReservedBytes - kBatchSliceBytes;              // of these, for a slice and its answer
inline constexpr std::size_t kBatchSlicesPerWorker = 2;  // of one batch, between its input and its output
inline constexpr std::size_t kBatchSlices = 16;          // however many workers there are
inline constexpr std::size_t kBatchQueuedSlices = 256;   // of all batches, that wait for another worker
inline constexpr int kBatchSlicesPerRound = 2;           // of one connection, before others have their turn

inline constexpr std::int64_t kBackoffMinMs = 500;
inline constexpr std::int64_t kBackoffMaxMs = 30'000;
inline constexpr std::int64_t kKeyRefreshGapMs = 30'000;  // between refreshes that unknown key ids ask for

// --- attest ---
inline constexpr std::size_t kNsmRequestBytes = 0x1000;  // the driver's bounds
inline constexpr std::size_t kNsmResponseBytes = 0x3000;
inline constexpr std::size_t kAttestationDocumentBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kAttestationCertificates = 8;  // of a cabundle
inline constexpr std::size_t kAttestationsPerSecond = 10;
inline constexpr std::size_t kPasswdBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kCaBundleBytes = std::size_t{1} << 20;

// --- aws ---
inline constexpr std::size_t kAwsAnswerBytes = std::size_t{1} << 20;    // one answer, but for objects of S3
inline constexpr std::size_t kAwsListPageBytes = std::size_t{4} << 20;  // up to 1000 objects of S3
inline constexpr std::size_t kAwsPages = 100;                           // of one listing
inline constexpr std::size_t kAwsJsonDepth = 16;
inline constexpr std::size_t kAwsXmlDepth = 8;
inline constexpr std::size_t kAwsXmlElements = 20'000;
inline constexpr int kAwsAttempts = 5;                        // of one call
inline constexpr std::int64_t kAwsCallTimeoutMs = 60'000;     // with all its attempts
inline constexpr std::int64_t kAwsAttemptTimeoutMs = 15'000;  // connect to last byte
inline constexpr std::int64_t kAwsBackoffMinMs = 200;         // doubled for each attempt
inline constexpr std::int64_t kAwsBackoffMaxMs = 10'000;
inline constexpr std::int64_t kAwsClockSkewMs = 60'000;           // what a clock may be off unnoticed
inline constexpr std::int64_t kAwsCredentialsTimeoutMs = 10'000;  // to fetch them
inline constexpr std::int64_t kAwsCredentialsEarlyMs = 300'000;   // refreshed so long before they expire
inline constexpr std::int64_t kAwsCredentialsJitterMs = 60'000;   // and up to this earlier
inline constexpr std::int64_t kAwsCredentialsRetryMs = 30'000;    // after a refresh failed
inline constexpr std::size_t kCmsBytes = std::size_t{16} * 1024;  // one CiphertextForRecipient

// --- vsock-proxy ---
inline constexpr std::size_t kPipeBytes = std::size_t{256}
                                          << 10;               // in flight, one direction of one connection
inline constexpr int kRelayRounds = 16;                        // of one direction before others have a turn
inline constexpr std::size_t kIdlePipes = 64;                  // kept for reuse
inline constexpr std::int64_t kHalfClosedTimeoutMs = 60'000;   // without progress, once one side has ended
inline constexpr std::int64_t kProxyConnectTimeoutMs = 3'000;  // one attempt
inline constexpr std::int64_t kProxyConnectRetryMs = 50;       // between attempts, while the enclave is away
inline constexpr std::size_t kConnectHeadBytes =
    std::size_t{8} * 1024;  // of a client of the egress, or the admin port
inline constexpr std::int64_t kConnectHeadTimeoutMs = 10'000;
inline constexpr std::size_t kProxyConnections = 16'384;              // of one listener
inline constexpr std::size_t kAllowListBytes = std::size_t{1} << 20;  // the file
inline constexpr std::size_t kAllowListEntries = 10'000;
inline constexpr std::size_t kHostNameBytes = 253;     // RFC 1035 section 2.3.4, as text
inline constexpr std::size_t kResolvedNames = 4'096;   // kept
inline constexpr std::size_t kResolvedAddresses = 16;  // of one name
inline constexpr std::int64_t kResolveMinTtlMs = 1'000;
inline constexpr std::int64_t kResolveMaxTtlMs = 300'000;
inline constexpr std::int64_t kResolveTickMs = 100;  // how often time-outs of queries are looked at
inline constexpr std::size_t kCredentialsBytes = std::size_t{64} * 1024;  // one answer of their source
inline constexpr std::int64_t kCredentialsTimeoutMs = 5'000;              // one request to it
inline constexpr std::int64_t kCredentialsEarlyMs = 300'000;  // before they expire they are fetched anew
inline constexpr std::size_t kForwardedLineBytes =
    std::size_t{16} * 1024;                            // of the enclave's log; the rest is cut
inline constexpr std::size_t kLogStreams = 16;         // connections of log senders
inline constexpr std::int64_t kHealthWaitPollMs = 50;  // the same, while it is not ready
inline constexpr std::int64_t kHealthPollMs = 1'000;   // between looks at the enclave's health port

// --- policy ---
inline constexpr std::size_t kPolicyBytes = 32'768;  // KMS's bound on a key policy
inline constexpr std::size_t kPolicyDepth = 16;

// --- telemetry ---
inline constexpr std::size_t kLogQueueBytes = std::size_t{1} << 20;
inline constexpr int kLogSinkWaitMs = 100;       // for a reader of the log, before looking around
inline constexpr int kLogSinkConnectMs = 1'000;  // to the receiver of the log
inline constexpr std::size_t kLogLineBytes = std::size_t{8} * 1024;
inline constexpr std::int64_t kOtlpRoundMs = 100;  // between exports of a signal: at most a batch each time
inline constexpr std::size_t kOtlpAnswerBytes = std::size_t{64} * 1024;  // of a collector
inline constexpr std::int64_t kOtlpBackoffMinMs = 1'000;                 // doubled for each attempt
inline constexpr std::int64_t kOtlpBackoffMaxMs = 16'000;
inline constexpr std::int64_t kOtlpFlushMs = 500;       // for what is queued, when the process ends
inline constexpr std::size_t kSpanSchemaBytes = 64;     // of a schema's name; the rest is cut
inline constexpr std::size_t kExportedSchemas = 1'000;  // whose ages are told one by one

// --- init ---
inline constexpr std::size_t kInitFileBytes = std::size_t{1} << 20;  // of what the image says to run
inline constexpr std::size_t kInitEntries = 1'000;                   // of its command, and of its environment
inline constexpr std::size_t kInitDescriptors = 1'048'576;           // of the program; Linux's fs.nr_open
inline constexpr int kInitHeartbeatMs = 2'000;
inline constexpr std::int64_t kInitClockSkewMs = 1'000;  // what the clock may be off without being set

// --- config ---
inline constexpr std::size_t kConfigValueBytes =
    std::size_t{128} * 1024;  // one variable; Linux's MAX_ARG_STRLEN
inline constexpr std::size_t kEncryptionContextBytes =
    std::size_t{8} * 1024;  // KMS's bound, applied to the JSON text
inline constexpr std::size_t kClientCaCertificates = 64;
inline constexpr std::size_t kClientPatterns = 1'000;
inline constexpr std::size_t kClientPatternLabels = 64;  // contexts behind one pattern
inline constexpr std::size_t kSanUriBytes = 2'048;
inline constexpr std::size_t kServerNames = 64;
inline constexpr std::size_t kOtlpHeaders = 32;
inline constexpr std::size_t kResourceAttributes = 128;

// --- eif ---
inline constexpr std::size_t kEifBytes = std::size_t{1} << 30;

// --- nitro-enc ---
inline constexpr std::size_t kListedPaths = 20'000;     // of one root of a schema
inline constexpr std::size_t kListedSteps = 1'000'000;  // taken to find them
inline constexpr std::size_t kListedDepth = 1'000;      // of one path

// --- devkit ---
inline constexpr std::size_t kEmulatorConnections = 256;
inline constexpr std::size_t kEmulatorBodyBytes = std::size_t{64} << 20;    // one request, or object of S3
inline constexpr std::size_t kEmulatorStateBytes = std::size_t{256} << 20;  // one name of the store
inline constexpr std::size_t kEmulatorObjects = 100'000;                    // of one bucket
inline constexpr std::size_t kEmulatorJsonDepth = 16;  // of a request or the state of KMS
inline constexpr std::size_t kEmulatorFaults = 1'000;
inline constexpr std::size_t kEmulatorFaultsBytes = std::size_t{1} << 20;  // the file of them
inline constexpr std::size_t kEmulatorImdsTokens = 10'000;
inline constexpr std::size_t kEmulatorSessions = 1'000;
inline constexpr std::int64_t kEmulatorIdleTimeoutMs = 60'000;
inline constexpr std::int64_t kEmulatorTransferTimeoutMs = 60'000;
inline constexpr std::int64_t kEmulatorDelayMs = 600'000;  // the longest that a fault can ask for

}  // namespace nes::limits
