package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.BrokerEndpoint;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SerdesTest {

  record Order(String customer, int amount) {}

  @ParameterizedTest
  @ValueSource(strings = {"", "plain", "Grüße", "日本語", "😀", "\uFFFD"})
  void roundTripsText(String text) {
    assertEquals(text, roundTrip(Serdes.string(), text));
  }

  @Test
  void refusesBytesThatAreNotUtf8() {
    byte[] latin1 = "Grüße".getBytes(StandardCharsets.ISO_8859_1);
    assertSerializationError(() -> Serdes.string().deserialize("t", latin1));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE})
  void roundTripsLongs(long value) {
    assertEquals(value, roundTrip(Serdes.longs(), value));
  }

  @Test
  void writesLongsBigEndian() {
    assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 0, 1, 2}, Serdes.longs().serialize("t", 0x0102L));
  }

  @Test
  void refusesLongsOfAnotherLength() {
    assertSerializationError(() -> Serdes.longs().deserialize("t", new byte[4]));
  }

  @Test
  void roundTripsProtobuf() {
    BrokerEndpoint message = BrokerEndpoint.newBuilder().setId(3).setHost("h").build();
    assertEquals(message, roundTrip(Serdes.protobuf(BrokerEndpoint.parser()), message));
  }

  @Test
  void refusesBytesThatAreNoProtobuf() {
    Serde<BrokerEndpoint> serde = Serdes.protobuf(BrokerEndpoint.parser());
    assertSerializationError(() -> serde.deserialize("t", new byte[] {(byte) 0xff, 1, 2}));
  }

  @Test
  void roundTripsJson() {
    Order order = new Order("ann", 12);
    assertEquals(order, roundTrip(Serdes.json(Order.class), order));
  }

  @Test
  void ignoresJsonFieldsThatTheTypeDoesNotHave() {
    byte[] json =
        "{\"customer\":\"bob\",\"amount\":1,\"more\":[]}".getBytes(StandardCharsets.UTF_8);
    assertEquals(new Order("bob", 1), Serdes.json(Order.class).deserialize("t", json));
  }

  @Test
  void refusesBytesThatAreNotJson() {
    byte[] text = "no json".getBytes(StandardCharsets.UTF_8);
    assertSerializationError(() -> Serdes.json(Order.class).deserialize("t", text));
  }

  private static <T> T roundTrip(Serde<T> serde, T value) {
    return serde.deserialize("t", serde.serialize("t", value));
  }

  private static void assertSerializationError(org.junit.jupiter.api.function.Executable action) {
    TailraceException error = assertThrows(TailraceException.class, action);
    assertEquals(ErrorCode.SERIALIZATION, error.code());
  }
}
