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
