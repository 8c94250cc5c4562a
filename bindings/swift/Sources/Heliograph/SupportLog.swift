import HeliographCore

/// The log: one for all accounts of a process. The same lines go to the system's log, under the subsystem `heliograph`, for the
/// developer at the device, and the last of them stay in memory until they are asked for, for whoever helps a user from afar.
///
/// Names no address, text, group, key or password, at any level.
public enum SupportLog {
    /// Starts logging, to be called before anything else; called again, only changes the level.
    public static func start(at level: LogLevel) {
        HeliographCore.startLogging(level: level)
    }

    /// The last lines, oldest first, each with time (UTC), level, place and text; at most 256 KiB. The first line names the
    /// version and the system, and is the only one where logging was not started.
    public static func export() -> String {
        HeliographCore.exportLog()
    }
}
