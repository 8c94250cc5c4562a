package org.heliograph

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * Reads an address (`ana@example.org`) or a link to one (`xmpp:ana@example.org?message`,
 * `xmpp:crew@muc.example.org?join`), as typed, followed or scanned. A text that a link proposes to send is left out.
 * Fails with [FailureCode.INVALID_ARGUMENT].
 */
public fun readAddress(text: String): Outcome<Contact> = attempt { org.heliograph.ffi.readAddress(text) }

/**
 * Reads a server's place as somebody types it: `chat.example.org`, `chat.example.org:5223`, `[2001:db8::1]:5223`. The
 * port may instead stand in a field of its own, [port], which may be empty; without one it is 5222. On 443 and 5223 TLS
 * starts with the first byte, elsewhere after `<starttls/>`. Fails with [FailureCode.INVALID_ARGUMENT].
 */
public fun readServer(place: String, port: String = ""): Outcome<ServerOverride> =
    attempt { org.heliograph.ffi.readServer(place, port) }

/** The link to our account, as for a QR code: `xmpp:ana@example.org`. */
public fun Heliograph.contactUri(): Outcome<String> = attempt { core.contactUri() }

/**
 * Looks at the certificate that the account's server shows, whether it is trusted or not: for a server that no
 * authority vouches for. Name and password are neither sent nor needed. Once the user has compared its key with what
 * the operator says, that goes into [AccountConfig.trustedKey].
 *
 * Fails with whatever can go wrong with a connection, [FailureCode.INVALID_ARGUMENT].
 */
public suspend fun inspectServer(account: AccountConfig): Outcome<ServerCertificate> =
    // The core joins its threads before it returns.
    withContext(Dispatchers.IO) { attempt { org.heliograph.ffi.inspectServer(account) } }
