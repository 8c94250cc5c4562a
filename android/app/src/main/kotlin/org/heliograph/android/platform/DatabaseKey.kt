package org.heliograph.android.platform

import android.content.Context
import android.os.Build
import android.os.StrictMode
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import android.util.AtomicFile
import androidx.annotation.RequiresApi
import org.heliograph.Store
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.ProviderException
import java.security.SecureRandom
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/** The key of a database, or why it can't be had. */
internal sealed interface DatabaseKey {
    /** Here it is; the caller wipes it. */
    class Ready(val bytes: ByteArray) : DatabaseKey

    /** It can't be had. */
    class Missing(val trouble: KeyTrouble) : DatabaseKey
}

/** Why the key of a database can't be had. */
internal enum class KeyTrouble {
    /** The phone's keystore is locked, as it is until the phone was unlocked for the first time. Passes by itself. */
    LOCKED,

    /** The keystore does not answer as it should. May pass, at the latest when the phone starts again. */
    FAULTY,

    /** The database came from another phone, or the keystore was emptied: what locked the key is not here. */
    LOST,

    /** The system made the key useless, as it does when the screen lock is taken away or credentials are cleared. */
    INVALIDATED,

    /** The file of the wrapped key can't be written or read: most likely the disk is full. */
    DISK,
}

/**
 * Keeps the key of a database: 32 random bytes, in a file, encrypted with an AES key that never leaves the phone's
 * keystore (in a chip of its own where the phone has one).
 *
 * Never makes a new key where there is a database: what that holds would be lost for good without anybody having asked.
 * Touches files and another process: not for the main thread.
 */
internal class KeyVault(private val files: AccountFiles) {
    private val file get() = files.key

    /** The key; made if there is neither one nor a database. */
    fun key(): DatabaseKey = try {
        StrictMode.noteSlowCall("the keystore")
        val wrapped = read()
        when {
            wrapped != null -> DatabaseKey.Ready(unwrap(wrapped))
            files.database.exists() -> DatabaseKey.Missing(KeyTrouble.LOST)
            else -> DatabaseKey.Ready(create())
        }
    } catch (_: IOException) {
        DatabaseKey.Missing(KeyTrouble.DISK)
    } catch (exception: GeneralSecurityException) {
        DatabaseKey.Missing(exception.trouble())
    } catch (exception: ProviderException) {
        DatabaseKey.Missing(exception.trouble())
    }

    private fun create(): ByteArray {
        val bytes = ByteArray(Store.KEY_BYTES).also(SecureRandom()::nextBytes)
        val cipher = wrapping()
        write(cipher.iv + cipher.doFinal(bytes))
        return bytes
    }

    private fun wrapping(): Cipher {
        val cipher = Cipher.getInstance(CIPHER)
        try {
            cipher.init(Cipher.ENCRYPT_MODE, wrappingKey() ?: makeWrappingKey())
        } catch (_: KeyPermanentlyInvalidatedException) {
            // What it wrapped can't be opened by anybody, and was put aside.
            cipher.init(Cipher.ENCRYPT_MODE, makeWrappingKey())
        }
        return cipher
    }

    private fun unwrap(wrapped: ByteArray): ByteArray {
        val key = wrappingKey()
        if (key == null || wrapped.size != WRAPPED_BYTES) throw AEADBadTagException()
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, wrapped, 0, IV_BYTES))
        return cipher.doFinal(wrapped, IV_BYTES, wrapped.size - IV_BYTES)
    }

    private fun wrappingKey(): SecretKey? =
        KeyStore.getInstance(KEYSTORE).apply { load(null) }.getKey(ALIAS, null) as SecretKey?

    private fun makeWrappingKey(): SecretKey {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            try {
                return generate(specification().setIsStrongBoxBacked(true))
            } catch (_: StrongBoxUnavailableException) {
                // Most phones have no such chip; the keystore's usual place is out of reach of apps as well.
            }
        }
        return generate(specification())
    }

    // No `setUnlockedDeviceRequired`: a push message has to be able to open the database while the phone lies in a
    // pocket.
    private fun specification(): KeyGenParameterSpec.Builder = KeyGenParameterSpec
        .Builder(ALIAS, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
        .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
        .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
        .setKeySize(WRAPPING_KEY_BITS)

    private fun generate(specification: KeyGenParameterSpec.Builder): SecretKey {
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, KEYSTORE)
        generator.init(specification.build())
        return generator.generateKey()
    }

    private fun read(): ByteArray? = try {
        AtomicFile(file).readFully()
    } catch (_: FileNotFoundException) {
        null
    }

    private fun write(bytes: ByteArray) {
        val atomic = AtomicFile(file)
        val stream = atomic.startWrite()
        try {
            stream.write(bytes)
        } catch (exception: IOException) {
            atomic.failWrite(stream)
            throw exception
        }
        atomic.finishWrite(stream)
    }

    internal companion object {
        const val KEYSTORE = "AndroidKeyStore"

        /** What the wrapping key is called in the keystore. */
        const val ALIAS = "heliograph-database"

        private const val CIPHER = "AES/GCM/NoPadding"

        /** AES-256, as the database itself. */
        private const val WRAPPING_KEY_BITS = 256

        /** What Android's keystore makes for GCM (NIST SP 800-38D §8.2.1). */
        private const val IV_BYTES = 12

        /** The longest that there is. */
        private const val TAG_BITS = 128

        private const val WRAPPED_BYTES = IV_BYTES + Store.KEY_BYTES + TAG_BITS / Byte.SIZE_BITS
    }
}

/** Which trouble an exception of the keystore stands for. The reason may lie some causes deep. */
private fun Throwable.trouble(): KeyTrouble {
    val causes = generateSequence(this) { it.cause }.toList()
    return when {
        causes.any { it is KeyPermanentlyInvalidatedException } -> KeyTrouble.INVALIDATED

        causes.any { it is UserNotAuthenticatedException } -> KeyTrouble.LOCKED

        // The keystore's key is another one than that which wrapped ours: the file was copied here.
        causes.any { it is AEADBadTagException } -> KeyTrouble.LOST

        Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && causes.any(::waitsForUser) -> KeyTrouble.LOCKED

        else -> KeyTrouble.FAULTY
    }
}

@RequiresApi(Build.VERSION_CODES.TIRAMISU)
private fun waitsForUser(cause: Throwable): Boolean =
    cause is android.security.KeyStoreException && cause.requiresUserAuthentication()
