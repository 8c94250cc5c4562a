import Foundation
import HeliographCore

extension Client {
    /// What the account cost in the last seven days, by what the phone was doing: what a user is shown who asks where the
    /// battery went, the costliest first. Kept over restarts; time for which the client was suspended counts nowhere.
    public func usage() async throws(HeliographError) -> Usage {
        try await attempt { try await core.usage() }
    }
}

extension Usage {
    /// From when on.
    public var since: Date {
        Date(millisecondsSince1970: sinceMs)
    }
}

extension SituationUsage {
    /// For how long the account was open, in whole seconds.
    public var duration: Duration {
        .seconds(Int64(clamping: seconds))
    }

    /// Sent and received together.
    public var bytes: UInt64 {
        let (sum, overflow) = bytesUp.addingReportingOverflow(bytesDown)
        return overflow ? .max : sum
    }
}
