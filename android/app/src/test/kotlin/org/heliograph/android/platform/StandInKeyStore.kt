package org.heliograph.android.platform

import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.InvalidAlgorithmParameterException
import java.security.Key
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec

/** A phone's keystore for tests: holds keys in memory, and fails when it is told to. */
internal object StandInKeyStore {
    val keys = ConcurrentHashMap<String, Key>()

    /** What reading a key comes to, instead of the key. */
    @Volatile
    var failure: Throwable? = null

    /** Whether there is a chip of its own for keys. */
    @Volatile
    var hasStrongBox = false

    /** Whether the last key was made in that. */
    @Volatile
    var madeInStrongBox = false

    fun install() {
        keys.clear()
        failure = null
        hasStrongBox = false
        madeInStrongBox = false
        Security.removeProvider(KeyVault.KEYSTORE)
        Security.addProvider(StandInProvider())
    }
}

private class StandInProvider : Provider(KeyVault.KEYSTORE, "1", "for tests") {
    init {
        put("KeyStore.${KeyVault.KEYSTORE}", StandInStore::class.java.name)
        put("KeyGenerator.AES", StandInGenerator::class.java.name)
    }
}

/** Public, as the platform makes it by its name. */
class StandInGenerator : KeyGeneratorSpi() {
    private var specification: KeyGenParameterSpec? = null

    override fun engineInit(params: AlgorithmParameterSpec?, random: SecureRandom?) {
        specification = params as? KeyGenParameterSpec ?: throw InvalidAlgorithmParameterException()
    }

    override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineInit(keysize: Int, random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineGenerateKey(): SecretKey {
        val wanted = checkNotNull(specification)
        if (wanted.isStrongBoxBacked && !StandInKeyStore.hasStrongBox) {
            throw android.security.keystore.StrongBoxUnavailableException()
        }
        StandInKeyStore.madeInStrongBox = wanted.isStrongBoxBacked
        val key = SecretKeySpec(ByteArray(wanted.keySize / Byte.SIZE_BITS).also(SecureRandom()::nextBytes), "AES")
        StandInKeyStore.keys[wanted.keystoreAlias] = key
        return key
    }
}

/** Public, as the platform makes it by its name. */
class StandInStore : KeyStoreSpi() {
    override fun engineGetKey(alias: String, password: CharArray?): Key? {
        StandInKeyStore.failure?.let { throw it }
        return StandInKeyStore.keys[alias]
    }

    override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

    override fun engineStore(stream: OutputStream?, password: CharArray?) = Unit

    override fun engineContainsAlias(alias: String): Boolean = StandInKeyStore.keys.containsKey(alias)

    override fun engineIsKeyEntry(alias: String): Boolean = StandInKeyStore.keys.containsKey(alias)

    override fun engineAliases(): Enumeration<String> = Collections.enumeration(StandInKeyStore.keys.keys)

    override fun engineSize(): Int = StandInKeyStore.keys.size

    override fun engineDeleteEntry(alias: String) {
        StandInKeyStore.keys.remove(alias)
    }

    override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null

    override fun engineGetCertificate(alias: String): Certificate? = null

    override fun engineGetCertificateAlias(cert: Certificate?): String? = null

    override fun engineGetCreationDate(alias: String): Date? = null

    override fun engineIsCertificateEntry(alias: String): Boolean = false

    override fun engineSetKeyEntry(alias: String, key: Key, password: CharArray?, chain: Array<out Certificate>?) =
        throw UnsupportedOperationException()

    override fun engineSetKeyEntry(alias: String, key: ByteArray, chain: Array<out Certificate>?) =
        throw UnsupportedOperationException()

    override fun engineSetCertificateEntry(alias: String, cert: Certificate?) = throw UnsupportedOperationException()
}
