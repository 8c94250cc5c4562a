package org.heliograph.android.platform

import android.content.Context
import java.io.File

/** Where the account's files are: in a folder that no backup takes along. */
internal class AccountFiles(context: Context) {
    // Making the folder touches the disk, and this is made on the main thread.
    private val parent: File by lazy { context.noBackupFilesDir }

    /** The folder of the account, with everything that belongs to it. */
    val folder: File by lazy { File(parent, "account") }

    /** The database. */
    val database: File get() = File(folder, "account.db")

    /** The wrapped key of the database. */
    val key: File get() = File(folder, "account.key")

    /**
     * Puts an account that can't be opened aside, whole, so that another one can be added. Nothing is deleted: if its
     * key comes back, so does it. True if it was moved.
     */
    fun setAside(nowMs: Long): Boolean = folder.renameTo(File(parent, "account-aside-$nowMs"))
}
