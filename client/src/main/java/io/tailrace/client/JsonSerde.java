package io.tailrace.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;

/**
 * JSON by Jackson. Apart from {@link Serdes}, so that those who do without Jackson never load it.
 */
final class JsonSerde<T> implements Serde<T> {
  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .findAndRegisterModules()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS);

  private final ObjectWriter writer;
  private final ObjectReader reader;

  private JsonSerde(Class<T> type) {
    this.writer = MAPPER.writerFor(type);
    this.reader = MAPPER.readerFor(type);
  }

  static <T> Serde<T> of(Class<T> type) {
    return new JsonSerde<>(type);
  }

  @Override
  public byte[] serialize(String topic, T data) {
    try {
      return writer.writeValueAsBytes(data);
    } catch (JsonProcessingException e) {
      throw new TailraceException(
          ErrorCode.SERIALIZATION, "cannot be written as JSON: " + e.getOriginalMessage(), e);
    }
  }

  @Override
  public T deserialize(String topic, byte[] data) {
    try {
      return reader.readValue(data);
    } catch (IOException e) {
      throw new TailraceException(
          ErrorCode.SERIALIZATION, "not the expected JSON: " + e.getMessage(), e);
    }
  }
}
