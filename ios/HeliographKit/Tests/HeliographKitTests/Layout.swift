import Foundation
import Heliograph
import Testing

@testable import HeliographKit

/// How a timeline is laid out.
@Suite struct Layout {
    private let layout: ChatLayout = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "Europe/Berlin")!
        return ChatLayout(calendar: calendar)
    }()

    private func message(
        _ row: Int64, _ time: String, by sender: String = "ana@x.org", _ security: Security = .encrypted,
        isPlaced: Bool = true
    ) -> Message {
        let sent = Int64(ISO8601DateFormatter().date(from: time)!.timeIntervalSince1970 * 1000)
        return Message(
            row: MessageID(row), conversation: ConversationID(1), id: "m\(row)",
            sender: .account(address: sender, name: sender),
            outgoing: false, security: security, text: "x", readable: "x", sentAtMs: sent, receivedAtMs: sent,
            position: isPlaced ? row : nil, state: .archived, failure: nil, deliveredTo: 0, displayedBy: 0, revision: 1)
    }

    private func shown(_ messages: [Message], seams: [Seam] = []) -> [String] {
        layout.lines(messages, seams: seams).map { line in
            switch line {
            case .day: "day"
            case .seam: "seam"
            case .message(let bubble):
                "\(bubble.beginsGroup ? "[" : "")\(bubble.message.row.number)\(bubble.endsGroup ? "]" : "")"
            }
        }
    }

    @Test func aDayBeginsAtMidnightHere() {
        // Midnight in Berlin is at 22:00 UTC in summer.
        let messages = [message(1, "2026-07-01T21:58:00Z"), message(2, "2026-07-01T22:01:00Z")]
        #expect(shown(messages) == ["day", "[1]", "day", "[2]"])
    }

    @Test func messagesOfOneSenderStandTogetherForAWhile() {
        let messages = [
            message(1, "2026-07-01T10:00:00Z"), message(2, "2026-07-01T10:05:00Z"),
            message(3, "2026-07-01T10:05:01Z", by: "ben@x.org"), message(4, "2026-07-01T10:05:02Z"),
            message(5, "2026-07-01T10:10:03Z"),
        ]
        #expect(shown(messages) == ["day", "[1", "2]", "[3]", "[4]", "[5]"])
    }

    @Test func holesStandWhereTheyAre() {
        let messages = [message(4, "2026-07-01T10:00:00Z"), message(7, "2026-07-01T10:01:00Z")]
        let seams = [Seam(position: 1, kind: .beforeJoining), Seam(position: 6, kind: .notLoaded)]
        #expect(shown(messages, seams: seams) == ["seam", "day", "[4", "seam", "7]"])
        let onItsWay = message(8, "2026-07-01T10:02:00Z", isPlaced: false)
        let after = [Seam(position: 9, kind: .notLoaded)]
        #expect(shown([messages[0], onItsWay], seams: after) == ["day", "[4", "seam", "8]"])
    }

    @Test func whatIsNotEncryptedStandsApartFromWhatIs() {
        let messages = [
            message(1, "2026-07-01T10:00:00Z"), message(2, "2026-07-01T10:00:01Z", .plain),
            message(3, "2026-07-01T10:00:02Z"),
        ]
        #expect(shown(messages) == ["day", "[1]", "[2]", "[3]"])
    }
}
