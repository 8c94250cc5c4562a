package org.heliograph

/**
 * Starts logging, to be called before anything else; called again, only changes the level. There is one log for all
 * accounts: the system's, and a notebook for support.
 */
public fun startLogging(level: LogLevel) {
    org.heliograph.ffi.startLogging(level)
}

/** The last lines of the log, oldest first, at most 256 KiB. Names no address, text, group, key or password. */
public fun exportLog(): String = org.heliograph.ffi.exportLog()
