import Heliograph
import SwiftUI

// What states are called. The words are in Localizable.xcstrings.

extension DeliveryState {
    var explanation: LocalizedStringKey {
        switch self {
        case .queued: "Waiting"
        case .sending: "Sending"
        case .sent: "Sent"
        case .archived: "Stored at the server"
        case .delivered: "Delivered"
        case .displayed: "Read"
        case .failed, .discarded: "Not sent"
        }
    }
}

extension SeamKind {
    var explanation: LocalizedStringKey {
        switch self {
        case .notLoaded: "Earlier messages are at the server"
        case .forgotten: "The server has forgotten messages from here"
        case .beforeJoining: "From before you joined"
        }
    }
}

extension ConnectionState {
    var explanation: LocalizedStringKey {
        switch self {
        case .offline: "No network"
        case .connecting: "Connecting"
        case .online: "Online"
        case .waiting: "Waiting to try again"
        case .stopped: "Not connected"
        case .suspended: "Asleep"
        }
    }
}

extension Situation {
    var explanation: LocalizedStringKey {
        switch self {
        case .foreground: "In use"
        case .background: "In the background"
        case .pushWake: "Woken for a moment"
        case .lowPower: "Saving power"
        case .offline: "Without network"
        }
    }
}

extension PushState {
    var explanation: LocalizedStringKey {
        switch self {
        case .off, .stopping: "Off"
        case .pending: "Waiting for the server"
        case .on: "On"
        case .refused: "Refused"
        }
    }
}

extension Waiting {
    var explanation: LocalizedStringKey {
        switch self {
        case .network: "Waits for a network"
        case .connection: "Waits for the connection"
        case .conversation: "Waits for the conversation"
        case .keys: "Waits for keys"
        case .server: "Waits for the server"
        case .recipients: "Waits for the others' devices"
        }
    }
}

extension ServerCertificate {
    var title: LocalizedStringKey {
        switch confirmable {
        case true: "Do you know this server?"
        case false: "This server is refused"
        }
    }

    /// Why it is refused, and what can be done about that.
    var explanation: LocalizedStringKey {
        switch problem {
        case .expired: "Its certificate has expired. If this device's date is right, ask whoever runs it to renew it."
        case .notValidYet: "Its certificate is not valid yet. Check this device's date."
        case .otherName: "The certificate is for another server. On a public Wi-Fi, sign in there first."
        case .otherKey: "It has another key than the one that was expected: it may be an impostor."
        case .revoked: "Its certificate was taken back by whoever issued it."
        case .malformed: "What it shows is no proper certificate."
        case .unknownIssuer, nil: "Compare the fingerprint with what the operator says: \(fingerprintSha256)"
        }
    }
}
