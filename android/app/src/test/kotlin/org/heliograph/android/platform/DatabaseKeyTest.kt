package org.heliograph.android.platform

import android.content.ContextWrapper
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.UserNotAuthenticatedException
import org.heliograph.Store
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.util.ReflectionHelpers
import java.io.File
import java.security.ProviderException
import java.security.UnrecoverableKeyException

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35])
class DatabaseKeyTest {
    private val files = AccountFiles(RuntimeEnvironment.getApplication())
    private val vault = KeyVault(files)

    @Before
    fun prepare() {
        StandInKeyStore.install()
        files.folder.mkdirs()
    }

    private fun ready() = (vault.key() as DatabaseKey.Ready).bytes

    private fun trouble() = (vault.key() as DatabaseKey.Missing).trouble

    @Test
    fun `a key is made once, kept, and not readable in its file`() {
        val first = ready()
        assertEquals(Store.KEY_BYTES, first.size)
        files.database.writeBytes(ByteArray(1))
        assertArrayEquals(first, ready())
        val onDisk = files.key.readBytes().toList()
        assertFalse(onDisk.windowed(first.size).any { it == first.toList() })
    }

    @Test
    fun `a chip of its own is used where there is one, and not missed where there is none`() {
        ready()
        assertFalse(StandInKeyStore.madeInStrongBox)
        files.key.delete()
        StandInKeyStore.keys.clear()
        StandInKeyStore.hasStrongBox = true
        ready()
        assertTrue(StandInKeyStore.madeInStrongBox)
    }

    @Test
    fun `a database from another phone keeps its key file, and gets no new key`() {
        ready()
        files.database.writeBytes(ByteArray(1))
        val kept = files.key.readBytes()
        StandInKeyStore.keys.clear()
        assertEquals(KeyTrouble.LOST, trouble())
        // There it may happen that the other phone's keystore has a key of this name.
        val other = object : ContextWrapper(RuntimeEnvironment.getApplication()) {
            override fun getNoBackupFilesDir(): File = File(files.folder, "other")
        }
        KeyVault(AccountFiles(other).also { it.folder.mkdirs() }).key()
        assertEquals(KeyTrouble.LOST, trouble())
        assertArrayEquals(kept, files.key.readBytes())
    }

    @Test
    fun `a database without a key file gets no new key`() {
        files.database.writeBytes(ByteArray(1))
        assertEquals(KeyTrouble.LOST, trouble())
        assertFalse(files.key.exists())
    }

    @Test
    fun `what the keystore says is told apart, and nothing is overwritten`() {
        val key = ready()
        for ((failure, expected) in listOf(
            KeyPermanentlyInvalidatedException() to KeyTrouble.INVALIDATED,
            UserNotAuthenticatedException() to KeyTrouble.LOCKED,
            UnrecoverableKeyException() to KeyTrouble.FAULTY,
            ProviderException(UserNotAuthenticatedException()) to KeyTrouble.LOCKED,
            ProviderException() to KeyTrouble.FAULTY,
        )) {
            StandInKeyStore.failure = failure
            assertEquals(expected, trouble())
        }
        StandInKeyStore.failure = null
        assertArrayEquals(key, ready())
    }

    @Test
    @Config(sdk = [35])
    fun `a keystore that waits for the user may say so in the words of Android 13, too`() {
        ready()
        val waits = ReflectionHelpers.callConstructor(
            android.security.KeyStoreException::class.java,
            ReflectionHelpers.ClassParameter.from(Int::class.javaPrimitiveType, USER_NOT_AUTHENTICATED),
            ReflectionHelpers.ClassParameter.from(String::class.java, "not authenticated"),
        )
        StandInKeyStore.failure = ProviderException(waits)
        assertEquals(KeyTrouble.LOCKED, trouble())
    }

    @Test
    fun `a key file that was cut off is told, and kept as it is`() {
        ready()
        files.database.writeBytes(ByteArray(1))
        val whole = files.key.readBytes()
        for (left in listOf(0, 5, whole.size - 1)) {
            files.key.writeBytes(whole.copyOf(left))
            assertEquals("$left", KeyTrouble.LOST, trouble())
            assertEquals(left.toLong(), files.key.length())
        }
    }

    @Test
    fun `what was made useless is put aside whole, and a new key is made for what comes after it`() {
        ready()
        files.database.writeBytes(ByteArray(1))
        val old = files.key.readBytes()
        StandInKeyStore.failure = KeyPermanentlyInvalidatedException()
        assertEquals(KeyTrouble.INVALIDATED, trouble())
        assertTrue(files.setAside(nowMs = 7))
        files.folder.mkdirs()
        // Making one replaces what the keystore holds under this name.
        val key = ready()
        StandInKeyStore.failure = null
        assertArrayEquals(key, ready())
        val aside = File(files.folder.parentFile, "account-aside-7")
        assertArrayEquals(old, File(aside, files.key.name).readBytes())
        assertTrue(File(aside, files.database.name).exists())
    }

    @Test
    fun `a full disk is told`() {
        files.folder.deleteRecursively()
        files.folder.writeText("in the way")
        assertEquals(KeyTrouble.DISK, trouble())
    }

    private companion object {
        /** What the keystore's hardware answers then (`KM_ERROR_KEY_USER_NOT_AUTHENTICATED`). */
        const val USER_NOT_AUTHENTICATED = -26
    }
}
