// KMS Decrypt with a Recipient by AWS's own SDK. Credentials come from the instance metadata service, as on a node.
// Reads {endpoint, region, keyId, ciphertext, context, document} (base64 where bytes) from standard input and prints
// {ciphertextForRecipient, plaintext} or {error}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.env.SDK_FOLDER + '/');
const { KMSClient, DecryptCommand } = require('@aws-sdk/client-kms');

const asked = JSON.parse(readFileSync(0, 'utf8'));
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));
const text = (value) => (value ? Buffer.from(value).toString('base64') : null);

const client = new KMSClient({ endpoint: asked.endpoint, region: asked.region, maxAttempts: 1 });
try {
  const answer = await client.send(new DecryptCommand({
    KeyId: asked.keyId,
    CiphertextBlob: bytes(asked.ciphertext),
    EncryptionContext: asked.context,
    Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: bytes(asked.document) },
  }));
  console.log(JSON.stringify({
    ciphertextForRecipient: text(answer.CiphertextForRecipient), plaintext: text(answer.Plaintext),
  }));
} catch (error) {
  console.log(JSON.stringify({ error: error.name }));
}
