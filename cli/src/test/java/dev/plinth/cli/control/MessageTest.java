package dev.plinth.cli.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;

final class MessageTest {
    @Test
    void whatIsWrittenIsRead() {
        Message inner = Message.empty().with("name", "a \"quoted\" \u0000 string\n");
        Message message =
                Message.empty()
                        .with("number", Long.MIN_VALUE)
                        .with("truth", true)
                        .with("words", List.of("", "zwei"))
                        .with("object", inner)
                        .withAll("objects", List.of(inner, Message.empty()));
        Message read = Message.parse(message.json());
        assertEquals(message.json(), read.json());
        assertEquals(Long.MIN_VALUE, read.number("number", Long.MIN_VALUE, 0));
        assertTrue(read.flag("truth"));
        assertFalse(read.flag("absent"));
        assertEquals(List.of("", "zwei"), read.strings("words"));
        assertEquals(inner.json(), read.object("object").json());
        assertEquals(2, read.objects("objects").size());
    }

    @Test
    void whatIsNoObjectIsRefused() {
        for (String wrong :
                List.of(
                        "",
                        "x",
                        "[]",
                        "{",
                        "{\"a\":1}{}",
                        "{\"a\":1,\"a\":2}",
                        "{\"a\":null}",
                        "{\"a\":1.5}",
                        "{\"a\":99999999999999999999}",
                        "{a:1}",
                        "{\"a\":1,}",
                        "{\"a\":'x'}",
                        "\u0000\u0000",
                        "{\"a\":" + "[".repeat(5000) + "]".repeat(5000) + "}")) {
            assertThrows(MessageException.class, () -> Message.parse(wrong), wrong);
        }
    }

    @Test
    void aPathIsOneOfTheHosts() {
        assertEquals(Path.of("/a/b"), Message.empty().with("path", "/a/b").path("path"));
        for (String wrong : List.of("", "a/b", "/a\u0000b", "/a\ud800")) {
            Message message = Message.empty().with("path", wrong);
            assertThrows(MessageException.class, () -> message.path("path"), wrong);
        }
    }

    @Test
    void whatIsOfAnotherKindIsRefused() {
        Message message = Message.parse("{\"a\":1,\"b\":\"x\",\"c\":[1],\"d\":[{}]}");
        assertThrows(MessageException.class, () -> message.string("a"));
        assertThrows(MessageException.class, () -> message.string("absent"));
        assertThrows(MessageException.class, () -> message.number("b", 0, 9));
        assertThrows(MessageException.class, () -> message.number("a", 2, 9));
        assertThrows(MessageException.class, () -> message.flag("a"));
        assertThrows(MessageException.class, () -> message.object("a"));
        assertThrows(MessageException.class, () -> message.strings("a"));
        assertThrows(MessageException.class, () -> message.strings("c"));
        assertThrows(MessageException.class, () -> message.strings("d"));
        assertThrows(MessageException.class, () -> message.objects("c"));
    }
}
