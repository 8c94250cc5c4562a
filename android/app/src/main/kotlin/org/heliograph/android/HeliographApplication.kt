package org.heliograph.android

import android.app.Application
import android.content.ComponentCallbacks2
import android.content.pm.ApplicationInfo
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.heliograph.android.platform.AccountFiles
import org.heliograph.android.platform.AppVisibility
import org.heliograph.android.platform.CatchUpSchedule
import org.heliograph.android.platform.CoreStart
import org.heliograph.android.platform.KeyVault
import org.heliograph.android.platform.LiveService
import org.heliograph.android.platform.MessageNotifications
import org.heliograph.android.platform.PhoneAccount
import org.heliograph.android.platform.PushWake
import org.heliograph.android.platform.Shelf
import org.heliograph.android.platform.Surroundings
import org.heliograph.android.platform.UnifiedPush
import org.heliograph.android.platform.watchMainThread
import org.heliograph.android.state.Account
import org.heliograph.android.state.Accounts
import org.heliograph.android.state.PreferenceShelf
import org.heliograph.android.state.Preferences
import org.heliograph.android.state.Shell
import kotlin.time.Duration

/**
 * The app's process: holds the account, and hands what the phone says to it.
 *
 * Making it opens nothing and starts nothing; the account is opened by the first who needs it. Whoever builds the app
 * with a library of their own, as for FCM, extends it.
 */
open class HeliographApplication :
    Application(),
    Shell {
    /** Where the app works: not on the main thread. */
    internal open val workers: CoroutineDispatcher get() = Dispatchers.Default

    /** For what outlives a screen. */
    internal val scope by lazy { CoroutineScope(SupervisorJob() + workers) }
    private var visit: Job? = null

    override val shelf: PreferenceShelf by lazy { Shelf(this, scope, ::preferred) }
    internal val core = CoreStart(this)
    private val schedule by lazy { CatchUpSchedule(this) }
    internal val notifications by lazy { MessageNotifications(this, shelf::read) }
    internal val unifiedPush by lazy { UnifiedPush(this, ::pushService) }
    internal val phoneAccount by lazy {
        val files = AccountFiles(this)
        PhoneAccount(files, KeyVault(files), Surroundings(this, notifications, schedule, scope), core, scope, grace)
    }

    /** Where push messages of any kind wake the account. */
    val pushWake: PushWake by lazy { PushWake(phoneAccount, schedule) }

    /** The address of the push service (XEP-0357) of this build; empty if there is none. */
    protected open val pushService: String get() = getString(R.string.push_service)

    /** How long the account stays connected after the app went behind. */
    protected open val grace: Duration get() = PhoneAccount.GRACE

    override val accounts: Accounts get() = phoneAccount

    override fun onCreate() {
        super.onCreate()
        if (applicationInfo.flags and ApplicationInfo.FLAG_DEBUGGABLE != 0) watchMainThread()
        scope.launch { shelf.read() }
        registerActivityLifecycleCallbacks(AppVisibility(::visible))
    }

    private fun visible(visible: Boolean) {
        phoneAccount.visible(visible)
        visit?.cancel()
        if (!visible) return
        visit = scope.launch {
            // Without an account there is nothing to keep connected, and an endpoint that comes would be lost.
            phoneAccount.account.first { it is Account.Open }
            // Neither could be done, or was to be done, while nobody looked.
            if (shelf.read().liveMode) LiveService.set(this@HeliographApplication, wanted = true)
            unifiedPush.register()
        }
    }

    private fun preferred(before: Preferences, now: Preferences) {
        if (before.liveMode != now.liveMode) LiveService.set(this, now.liveMode)
        if (before.notifications != now.notifications || before.notificationText != now.notificationText) {
            scope.launch { phoneAccount.awake { notifications.show(it) } }
        }
    }

    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        if (level >= ComponentCallbacks2.TRIM_MEMORY_BACKGROUND) phoneAccount.memoryShort()
    }
}
