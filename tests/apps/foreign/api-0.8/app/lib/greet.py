def greet(word, who):
    return f"{word}, {who}!"
