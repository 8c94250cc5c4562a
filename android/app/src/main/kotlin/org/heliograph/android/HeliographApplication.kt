package org.heliograph.android

import android.app.Application

class HeliographApplication : Application()
