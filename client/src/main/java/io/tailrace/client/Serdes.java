package io.tailrace.client;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.tailrace.protocol.error.ErrorCode;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The usual serdes. All are thread-safe. */
public final class Serdes {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final Serde<byte[]> BYTES = of((topic, data) -> data, (topic, data) -> data);

  private static final Serde<String> STRING =
      of((topic, data) -> data.getBytes(StandardCharsets.UTF_8), (topic, data) -> utf8(data));

  private static final Serde<Long> LONGS =
      of((topic, data) -> longBytes(data), (topic, data) -> longOf(data));

  private Serdes() {}

  /** Bytes as they are; they must not be changed once they were sent. */
  public static Serde<byte[]> bytes() {
    return BYTES;
  }

  /** Text in UTF-8. Bytes that are not UTF-8 are an error when they are read. */
  public static Serde<String> string() {
    return STRING;
  }

  /** Eight bytes, big-endian. */
  public static Serde<Long> longs() {
    return LONGS;
  }

  /**
   * Messages of one Protobuf type.
   *
   * @param parser {@code Order.parser()}
   */
  public static <T extends MessageLite> Serde<T> protobuf(Parser<T> parser) {
    Objects.requireNonNull(parser, "parser");
    return of(
        (topic, data) -> data.toByteArray(),
        (topic, data) -> {
          try {
            return parser.parseFrom(data);
          } catch (InvalidProtocolBufferException e) {
            throw new TailraceException(
                ErrorCode.SERIALIZATION, "not such a Protobuf message: " + e.getMessage(), e);
          }
        });
  }

  /**
   * JSON in UTF-8, by Jackson's data binding, which the application has to have on its class path
   * ({@code com.fasterxml.jackson.core:jackson-databind}). Fields that the type does not have are
   * ignored; dates are written as text.
   *
   * @throws TailraceException with {@code SERIALIZATION} when Jackson is not there
   */
  public static <T> Serde<T> json(Class<T> type) {
    Objects.requireNonNull(type, "type");
    try {
      return JsonSerde.of(type);
    } catch (NoClassDefFoundError e) {
      throw new TailraceException(
          ErrorCode.SERIALIZATION,
          "JSON needs Jackson: add com.fasterxml.jackson.core:jackson-databind to the class path",
          e);
    }
  }

  /** A serde of two halves. */
  public static <T> Serde<T> of(Serializer<T> serializer, Deserializer<T> deserializer) {
    Objects.requireNonNull(serializer, "serializer");
    Objects.requireNonNull(deserializer, "deserializer");
    return new Serde<>() {
      @Override
      public byte[] serialize(String topic, T data) {
        return serializer.serialize(topic, data);
      }

      @Override
      public T deserialize(String topic, byte[] data) {
        return deserializer.deserialize(topic, data);
      }
    };
  }

  private static String utf8(byte[] data) {
    String text = new String(data, StandardCharsets.UTF_8);
    // The decoder puts this character where it finds no other; it may also have been sent.
    return text.indexOf('\uFFFD') < 0 ? text : strictUtf8(data);
  }

  private static String strictUtf8(byte[] data) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(data))
          .toString();
    } catch (CharacterCodingException e) {
      throw new TailraceException(ErrorCode.SERIALIZATION, "the bytes are not UTF-8 text", e);
    }
  }

  private static byte[] longBytes(long value) {
    byte[] bytes = new byte[Long.BYTES];
    LONG.set(bytes, 0, value);
    return bytes;
  }

  private static long longOf(byte[] data) {
    if (data.length != Long.BYTES) {
      throw new TailraceException(
          ErrorCode.SERIALIZATION, data.length + " bytes are not a long of " + Long.BYTES);
    }
    return (long) LONG.get(data, 0);
  }
}
