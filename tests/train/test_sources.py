"""Folders, globs, lists and files that a person names."""

import os

from data import FORMAT, IO, ARGUMENT, bad, check, end, good, touch


def lists(names, wanted, warnings=()):
    found = good("list", *names, warnings=warnings).lines
    check(found == wanted, f"{names}", (found, wanted))


def stills(*paths):
    return ["still " + path for path in paths]


# ---- a folder: natural order, hidden and other files left out, films by their extension ----
touch("a/img10.jpg", "a/img2.jpg", "a/img1.JPG", "a/notes.md", "a/.hidden.jpg", "a/.git/x.png",
      "a/sub2/x.png", "a/sub10/x.webp", "a/zoo.MKV", "a/b.tiff", "a/noextension", "a/.jpg")
inside = ["still a/b.tiff", "still a/img1.JPG", "still a/img2.jpg", "still a/img10.jpg",
          "still a/sub2/x.png", "still a/sub10/x.webp", "film a/zoo.MKV"]
lists(["a"], inside)
lists(["a/"], inside)
lists(["./a"], [line.replace(" a", " ./a") for line in inside])
lists(["a/sub10", "a/sub2"], stills("a/sub10/x.webp", "a/sub2/x.png"))
touch("n/7.png", "n/007.png", "n/07.png", "n/x1y2.png", "n/x1y10.png", "n/x01y3.png",
      "n/99999999999999999999999.png", "n/100000000000000000000000.png")
lists(["n"], stills("n/007.png", "n/07.png", "n/7.png", "n/99999999999999999999999.png",
                    "n/100000000000000000000000.png", "n/x1y2.png", "n/x01y3.png", "n/x1y10.png"))

# ---- no file twice ----
os.link("a/b.tiff", "a/hard.tiff")
os.symlink("img2.jpg", "a/link.jpg")
lists(["a"], inside)
os.unlink("a/hard.tiff")
lists(["a/img2.jpg", "a", "a/sub2", "./a/b.tiff"],
      ["still a/img2.jpg"] + [line for line in inside if "img2" not in line])
lists(["a/sub2", "a/sub2"], stills("a/sub2/x.png"))
os.unlink("a/link.jpg")

# ---- links: to a file it is the file, to a folder it is not followed, but where it is named ----
os.mkdir("l")
os.symlink("../a/sub2/x.png", "l/file.png")
os.symlink("../a", "l/folder.png")
os.symlink(".", "l/loop")
os.symlink("nowhere.jpg", "l/dangling.jpg")
lists(["l"], stills("l/file.png"))
lists(["l/folder.png/sub2"], stills("l/folder.png/sub2/x.png"))
lists(["l/folder.png"], [line.replace(" a", " l/folder.png") for line in inside])
bad(IO, "l/dangling.jpg: cannot be opened: No such file", command=["list", "l/dangling.jpg"])

# ---- files are what they are named, whatever their extension ----
lists(["a/noextension", "a/notes.md", "a/zoo.MKV"],
      ["still a/noextension", "still a/notes.md", "film a/zoo.MKV"])

# ---- globs ----
lists(["a/img*.jpg"], stills("a/img2.jpg", "a/img10.jpg"))
lists(["a/img[12].*"], stills("a/img1.JPG", "a/img2.jpg"))
lists(["a/*"], inside)  # no notes, and folders are looked into
lists(["a/sub?"], stills("a/sub2/x.png"))
touch("g/what?.jpg", "g/whata.jpg")
lists(["g/what?.jpg"], stills("g/what?.jpg"))  # a file of that name is no glob
bad(IO, "a/*.bmp: matches no picture, film or folder", command=["list", "a/*.bmp"])
bad(IO, "a/*.md: matches no picture", command=["list", "a", "a/*.md"])

# ---- lists ----
touch("lists/one.txt", data=b"# pictures\n../a/img2.jpg\r\n\n../a/sub2\n../a/*.tiff\ntwo.TXT\n")
touch("lists/two.TXT", data=os.path.abspath("a/img1.JPG").encode())
wanted = stills("lists/../a/img2.jpg", "lists/../a/sub2/x.png", "lists/../a/b.tiff",
                os.path.abspath("a/img1.JPG"))
lists(["lists/one.txt"], wanted)
os.chdir("lists")
lists(["one.txt"], [line.replace("lists/", "") for line in wanted])
os.chdir("..")
touch("lists/wrong.txt", data=b"../a/img2.jpg\nabsent.jpg\n")
bad(IO, "lists/absent.jpg: cannot be opened", command=["list", "lists/wrong.txt"])
touch("lists/empty.txt", data=b"# nothing\n\n")
bad(FORMAT, "lists/empty.txt: is a list that names nothing", command=["list", "lists/empty.txt"])
touch("lists/self.txt", data=b"self.txt\n")
bad(FORMAT, "does it name itself?", command=["list", "lists/self.txt"])
lists(["a/sub2", "lists/one.txt"], stills("a/sub2/x.png") + [wanted[0]] + wanted[2:])

# ---- nothing there ----
os.makedirs("empty/inner")
touch("empty/readme.md")
bad(IO, "empty: there is no picture and no film in this folder", command=["list", "a", "empty"])
bad(IO, "absent: cannot be opened: No such file", command=["list", "absent"])
bad(ARGUMENT, "is empty", command=["list", ""])
os.mkfifo("pipe.jpg")
bad(IO, "pipe.jpg: is not a regular file", command=["list", "pipe.jpg"])
if os.geteuid():
    os.makedirs("a/closed")
    os.chmod("a/closed", 0)
    lists(["a"], inside, warnings=["a/closed: cannot be read and is left out"])
    bad(IO, "a/closed: cannot be read: Permission denied", command=["list", "a/closed"])
    os.chmod("a/closed", 0o755)
end()
