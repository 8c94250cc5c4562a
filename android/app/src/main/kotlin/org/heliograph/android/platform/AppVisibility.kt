package org.heliograph.android.platform

import android.app.Activity
import android.app.Application
import android.os.Bundle

/** Whether the user sees the app: counts the activities that are started. Called on the main thread. */
internal class AppVisibility(private val changed: (visible: Boolean) -> Unit) : Application.ActivityLifecycleCallbacks {
    private var started = 0

    override fun onActivityStarted(activity: Activity) {
        if (started++ == 0) changed(true)
    }

    override fun onActivityStopped(activity: Activity) {
        started -= 1
        // An activity that is made anew, as when the phone is turned, starts again at once.
        if (started == 0 && !activity.isChangingConfigurations) changed(false)
    }

    override fun onActivityCreated(activity: Activity, savedInstanceState: Bundle?) = Unit

    override fun onActivityResumed(activity: Activity) = Unit

    override fun onActivityPaused(activity: Activity) = Unit

    override fun onActivitySaveInstanceState(activity: Activity, outState: Bundle) = Unit

    override fun onActivityDestroyed(activity: Activity) = Unit
}
