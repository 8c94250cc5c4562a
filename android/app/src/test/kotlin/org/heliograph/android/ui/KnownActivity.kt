package org.heliograph.android.ui

import android.app.Activity
import android.content.ComponentName
import org.junit.rules.TestRule
import org.junit.runner.Description
import org.junit.runners.model.Statement
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/** Makes an activity known that the app's manifest does not have. */
internal class KnownActivity(private val activity: Class<out Activity>) : TestRule {
    override fun apply(statement: Statement, description: Description): Statement = object : Statement() {
        override fun evaluate() {
            val application = RuntimeEnvironment.getApplication()
            shadowOf(application.packageManager).addActivityIfNotPresent(ComponentName(application, activity))
            statement.evaluate()
        }
    }
}
