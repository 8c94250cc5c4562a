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

    private func message(_ row: Int64, _ time: String, by sender: String = "ana@x.org", _ text: String = "x") -> Message
    {
        let sent = Int64(ISO8601DateFormatter().date(from: time)!.timeIntervalSince1970 * 1000)
        return Message(
            row: MessageID(row), conversation: ConversationID(1), id: "m\(row)",
            sender: .account(address: sender, name: sender),
            outgoing: false, security: .encrypted, text: text, sentAtMs: sent, receivedAtMs: sent, position: row,
            state: .archived, failure: nil, deliveredTo: 0, displayedBy: 0, revision: 1)
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
        let seams = [Seam(position: 6, kind: .notLoaded), Seam(position: 1, kind: .beforeJoining)]
        #expect(shown(messages, seams: seams) == ["seam", "day", "[4", "seam", "7]"])
    }

    @Test func textsCannotRearrangeTheLinesAroundThem() {
        let bubble = Bubble(
            message: message(1, "2026-07-01T10:00:00Z", "a\u{202e}b\u{7}c\nd\u{2066}\u{645}"), beginsGroup: true,
            endsGroup: true)
        #expect(bubble.text == "abc\nd\u{645}")
    }
}
