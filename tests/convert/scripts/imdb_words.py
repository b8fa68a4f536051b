"""Good or bad? Film reviews by the mean of their words' vectors."""

from keras.datasets import imdb
from keras.layers import Dense, Embedding, GlobalAveragePooling1D, Input
from keras.models import Sequential
from keras.preprocessing.sequence import pad_sequences
from keras.utils import set_random_seed

set_random_seed(1)
max_features = 200  # the most frequent words
maxlen = 30

(x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=max_features)
x_train = pad_sequences(x_train, maxlen=maxlen)
x_test = pad_sequences(x_test, maxlen=maxlen)

model = Sequential(
    [
        Input((maxlen,)),
        Embedding(max_features, 8),
        GlobalAveragePooling1D(),
        Dense(8, activation="relu"),
        Dense(1, activation="sigmoid"),
    ]
)
model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=16, epochs=2, validation_data=(x_test, y_test))

results = model.evaluate(x_test, y_test, return_dict=True)
print("Test loss:", results["loss"])
print("Test accuracy:", results["accuracy"])
labels = (model.predict(x_test[:4]) > 0.5).astype("int32")
print(labels.shape)
