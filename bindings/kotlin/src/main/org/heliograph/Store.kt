package org.heliograph

/**
 * Where the account's database is, and the key that opens it.
 *
 * Without the key the database stays shut for everybody, so it belongs in the platform's keystore.
 *
 * @property path the file; the folder must exist
 * @property key [KEY_BYTES] random bytes; copied when it is used, and the caller's to wipe
 */
public class Store(public val path: String, public val key: ByteArray) {
    /** The path alone: a key is not printed. */
    override fun toString(): String = "Store($path)"

    /** What belongs to every store. */
    public companion object {
        /** Length of a key in bytes (AES-256). */
        public const val KEY_BYTES: Int = 32
    }
}
