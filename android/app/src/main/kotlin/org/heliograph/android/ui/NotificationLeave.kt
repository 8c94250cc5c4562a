package org.heliograph.android.ui

import android.Manifest.permission.POST_NOTIFICATIONS
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.os.Build
import android.provider.Settings
import androidx.activity.compose.LocalActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.RequestPermission
import androidx.annotation.RequiresApi
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.core.app.NotificationManagerCompat
import androidx.lifecycle.compose.LifecycleResumeEffect
import org.heliograph.android.R

/**
 * Asks for leave to notify, which Android 13 and newer want, once there are messages to be notified of. Who has said no
 * is not asked again; [NotificationsRefused] says how it is.
 */
@Composable
internal fun AskToNotify() {
    val activity = LocalActivity.current ?: return
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) AskToNotify(activity)
}

@RequiresApi(Build.VERSION_CODES.TIRAMISU)
@Composable
private fun AskToNotify(activity: Activity) {
    var asked by rememberSaveable { mutableStateOf(false) }
    val launcher = rememberLauncherForActivityResult(RequestPermission()) {}
    LaunchedEffect(Unit) {
        val isGiven = activity.checkSelfPermission(POST_NOTIFICATIONS) == PackageManager.PERMISSION_GRANTED
        if (isGiven || asked || activity.shouldShowRequestPermissionRationale(POST_NOTIFICATIONS)) return@LaunchedEffect
        asked = true
        launcher.launch(POST_NOTIFICATIONS)
    }
}

/** Says that the phone shows none of the app's notifications, where that is so, and leads to where it is changed. */
@Composable
internal fun NotificationsRefused() {
    val context = LocalContext.current
    val manager = remember(context) { NotificationManagerCompat.from(context) }
    var isRefused by remember { mutableStateOf(!manager.areNotificationsEnabled()) }
    LifecycleResumeEffect(Unit) {
        isRefused = !manager.areNotificationsEnabled()
        onPauseOrDispose {}
    }
    if (!isRefused) return
    Notice(Icons.warning, stringResource(R.string.notifications_refused), isBad = true)
    SideAction(
        stringResource(R.string.notifications_allow),
        {
            val settings = Intent(Settings.ACTION_APP_NOTIFICATION_SETTINGS)
            context.startActivity(settings.putExtra(Settings.EXTRA_APP_PACKAGE, context.packageName))
        },
        Modifier.fillMaxWidth().testTag("allow-notifications"),
    )
}
